"""Text as YAML has it: what is written here, `strict` reads back to the letter, and never warns."""

import re
from typing import Final

# Only letters, digits and a few signs between them: the same in a block and in `{}`, and to
# everybody who reads YAML. What begins with a digit may be a number or a date to somebody.
_PLAIN: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_./@ -]{0,98}[A-Za-z0-9_./-])?")
_WORDS: Final = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def scalar(text: str) -> str:
    """*text* as a YAML scalar on one line: bare where that is plain, else in double quotes.

    What does not show (control and format characters, odd blanks) is written as an escape.
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS and "  " not in text:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """*text* in double quotes, on one line; good in a comment too."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(sign: str) -> str:
    if sign in _SHORT:
        return _SHORT[sign]
    if sign.isprintable():
        return sign
    number = ord(sign)
    if number <= 0xFF:
        return f"\\x{number:02X}"
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"

"""Globs and regexes as people write them, checked before they are compiled."""

import re

GLOB = r"^([^\\\[]|\\[\s\S]|\[!?(\\[\s\S]|[^\\])(\\[\s\S]|[^\\\]])*\])+$"
"""The same for an editor, but for ranges the wrong way round."""


def glob(text: str) -> str:
    """A glob whose brackets and escapes are whole; ValueError says what is wrong."""
    if not text:
        raise ValueError("is empty; a glob covers the whole name (`*` is any name)")
    index = 0
    while index < len(text):
        if text[index] == "\\":
            if index + 1 == len(text):
                raise ValueError("ends in a backslash; write \\\\ for a backslash itself")
            index += 1
        elif text[index] == "[":
            index = _bracket(text, index)
        index += 1
    return text


def _bracket(text: str, start: int) -> int:
    """The index of the `]` that closes the `[` at *start*."""
    index = start + 1
    if text[index : index + 1] == "!":
        index += 1
    first = index
    last: str | None = None  # the character a range may start from
    while index < len(text):
        if text[index] == "]" and index > first:
            return index
        if text[index] == "-" and last is not None and text[index + 1 : index + 2] not in ("", "]"):
            index, end = _character(text, index + 1)
            if end < last:
                raise ValueError(f"has the range {last}-{end} the wrong way round; exchange them")
            last = None
        else:
            index, last = _character(text, index)
    raise ValueError("has a `[` that is not closed; write [[] for a bracket itself")


def _character(text: str, index: int) -> tuple[int, str]:
    """One character inside brackets, its escape undone, and the index after it."""
    if text[index] == "\\":
        index += 1
        if index == len(text):
            raise ValueError("ends in a backslash; write \\\\ for a backslash itself")
    return index + 1, text[index]


def regex(text: str) -> str:
    """An RE2 pattern; ValueError says what is wrong."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        raise ValueError(_re2_said(text, error)) from None
    return text


def _re2_said(text: str, error: Exception) -> str:
    if re.search(r"\(\?<?[=!]", text):
        said = "uses look-ahead or look-behind, which RE2 does not have (it keeps time linear)"
        return f"{said}; write the pattern without it, or two absences"
    if re.search(r"\\[1-9]|\(\?P=", text):
        said = "uses a back-reference, which RE2 does not have (it keeps time linear)"
        return f"{said}; write out what it repeats"
    said = error.args[0] if error.args else ""
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    kind, _, where = said.partition(": ")
    what, way = _RE2.get(kind, ("", "look it up at https://github.com/google/re2/wiki/Syntax"))
    if not what:
        return f"is not an RE2 pattern; {way}"
    return f"is not an RE2 pattern: it {what.format(where)}; {way.format(where)}"


_RE2 = {
    "missing )": ("has a `(` that is not closed", "write [(] for the character itself"),
    "unexpected )": ("has a `)` that closes nothing", "write [)] for the character itself"),
    "missing ]": ("has a `[` that is not closed", "write [[] for the character itself"),
    "bad repetition operator": ("repeats what is repeated already: `{}`", "write one of them"),
    "no argument for repetition operator": (
        "has a `{}` with nothing before it to repeat",
        "write .{0} for any text, or [{0}] for the character itself",
    ),
    "missing argument to repetition operator": (
        "has a `{}` with nothing before it to repeat",
        "write .{0} for any text, or [{0}] for the character itself",
    ),
    "invalid repetition size": (
        "has a repetition that RE2 does not take: `{}`",
        "write at most 1000, and the smaller number first",
    ),
    "invalid character class range": (
        "has a range that is none: `{}`",
        "exchange its ends, or write a class that RE2 knows",
    ),
    "invalid escape sequence": (
        "has an escape that RE2 does not have: `{}`",
        "take the backslash out",
    ),
    "invalid perl operator": ("has a group that RE2 does not have: `{}`", "write (?: for a group"),
    "invalid named capture group": ("has a group without a whole name", "write (?: for a group"),
    "trailing \\": ("ends in a backslash", "take it out"),
}
"""What RE2 calls a mistake -> what is wrong, in our words, and the fix; {} is where."""

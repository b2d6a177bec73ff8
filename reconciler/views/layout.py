"""Columns, colours and line breaks of the text views, in terminal cells rather than characters."""

import unicodedata
from collections.abc import Sequence

import msgspec

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Ink(msgspec.Struct, frozen=True):
    """ANSI colours, or none. Only our own sequences ever reach a terminal."""

    color: bool

    def __call__(self, text: str, *styles: str) -> str:
        if not self.color or not text:
            return text
        before, after = self.around(*styles)
        return f"{before}{text}{after}"

    def around(self, *styles: str) -> tuple[str, str]:
        """What stands before and behind each text in these *styles*."""
        if not self.color:
            return "", ""
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m", "\x1b[0m"


def cells(text: str) -> int:
    """How many cells of a terminal *text* (no control characters) takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def widest(texts: Sequence[str]) -> int:
    """The most cells that one of *texts* takes; 0 if there is none."""
    plain = "".join(texts).isascii()
    return max(map(len if plain else cells, texts), default=0)


def _cell(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def pad(text: str, width: int) -> str:
    """*text* with blanks up to *width* cells."""
    return text.ljust(width) if text.isascii() else text + " " * (width - cells(text))


def pads(texts: list[str], width: int) -> list[str]:
    """`pad` for each of *texts*, of which none is wider."""
    together = "".join(texts)
    if together.isascii():
        if len(together) == width * len(texts):  # each is as wide
            return texts
        return [text.ljust(width) for text in texts]
    return [pad(text, width) for text in texts]


def elide(text: str, width: int) -> str:
    """*text* in at most *width* cells, the middle replaced by an ellipsis if need be."""
    if cells(text) <= width:
        return text
    room = max(width - 1, 0)
    head = _first(text, (room + 1) // 2)
    tail = _first(text[::-1], room - cells(head))[::-1]
    return f"{head}…{_without_leading_marks(tail)}"


def _first(text: str, width: int) -> str:
    used = 0
    for at, character in enumerate(text):
        used += _cell(character)
        if used > width:
            return text[:at]
    return text


def _without_leading_marks(text: str) -> str:
    while text and _cell(text[0]) == 0:
        text = text[1:]
    return text


def wrap(text: str, width: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """Lines of at most *width* cells, broken at blanks; a longer word stays whole.

    *hanging* replaces *indent* from the second line on.
    """
    hanging = indent if hanging is None else hanging
    lines: list[str] = []
    line = indent
    empty = True
    for word in text.split(" "):
        if empty:
            line += word
        elif cells(line) + 1 + cells(word) <= width:
            line += f" {word}"
        else:
            lines.append(line.rstrip())
            line = hanging + word
        empty = False
    return [*lines, line.rstrip()]


def fold(text: str, width: int, most: int) -> list[str]:
    """*text* in at most *most* lines of *width* cells, broken at blanks.

    Only a word that is longer than a line loses its middle; of a longer text, words in the middle
    give way to an ellipsis.
    """
    if cells(text) <= width:
        return [text]
    whole = _broken(text, width) or wrap(" ".join(elide(w, width) for w in text.split(" ")), width)
    if len(whole) <= most:
        return whole
    tail: list[str] = []
    left = width - 1
    for word in reversed(whole[-1].split(" ") if most > 1 else text.split(" ")):
        left -= cells(word) + 1
        if left < 0:
            break
        tail.insert(0, word)
    return [*whole[: most - 1], " ".join(["…", *tail])]


def _broken(text: str, width: int) -> list[str]:
    """Plain *text* as `wrap` breaks it; nothing if it is not so plain."""
    if not text.isascii() or "  " in text or text.endswith(" "):
        return []
    lines = []
    while len(text) > width:
        at = text.rfind(" ", 0, width + 1)
        if at <= 0:
            return []
        lines.append(text[:at])
        text = text[at + 1 :]
    return [*lines, text]


def table(rows: Sequence[Sequence[str]], right: Sequence[bool], width: int) -> list[str]:
    """*rows* as columns, two blanks between them; *right*: which columns stand to the right.

    What is too wide for the page is folded in the widest column, at blanks.
    """
    widths = [widest(column) for column in zip(*rows, strict=True)]
    over = sum(widths) + 2 * (len(widths) - 1) - width
    if over > 0:
        most = max(range(len(widths)), key=widths.__getitem__)
        widths[most] = max(widths[most] - over, 16)
    lines: list[str] = []
    for row in rows:
        folded = [fold(cell, wide, 4) for cell, wide in zip(row, widths, strict=True)]
        for at in range(max(map(len, folded))):
            said = [cell[at] if at < len(cell) else "" for cell in folded]
            lines.append(
                "  ".join(
                    " " * (wide - cells(one)) + one if to_right else pad(one, wide)
                    for one, wide, to_right in zip(said, widths, right, strict=True)
                ).rstrip()
            )
    return lines


def listing(words: Sequence[str], width: int) -> str:
    """*words* with commas, as many as fit in *width* cells, then how many more there are."""
    shown = ", ".join(words)
    if cells(shown) <= width:
        return shown
    for most in range(len(words) - 1, 0, -1):
        shown = f"{', '.join(words[:most])} and {len(words) - most:,} more"
        if most == 1 or cells(shown) <= width:
            return shown
    return shown

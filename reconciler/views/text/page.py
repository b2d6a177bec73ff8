"""How a page of text is drawn, and the pieces that plans and reports share."""

import re
from collections.abc import Iterator, Sequence
from string import ascii_letters, digits

import msgspec

from reconciler.model import ManifestDocument, Source
from reconciler.safe import cap, quoted, terminal
from reconciler.views import askers, words
from reconciler.views.askers import Asker
from reconciler.views.layout import Ink, elide, wrap

_PLAIN = re.compile(r"[A-Za-z0-9._~@/+-]+")
_OF_IDS = f"{ascii_letters}{digits}._~-"  # what plain ids are made of
_PLAIN_ID = re.compile(f"[{re.escape(_OF_IDS)}]+")
_MOST_PATH = 60
_MOST_REASON = 400


class TextPage(msgspec.Struct, frozen=True):
    """Colours, width, and how numbers are shown."""

    ink: Ink
    width: int
    show_numbers: bool
    mask: words.Mask

    @classmethod
    def of(cls, *, color: bool, width: int, show_numbers: bool, mask: words.Mask) -> "TextPage":
        return cls(Ink(color), max(width, 40), show_numbers, mask)

    def sentence(self, text: str) -> str:
        return terminal(self.mask(text))

    def inked(self, texts: list[str], *styles: str) -> list[str]:
        """`ink` for each of *texts*."""
        return [self.ink(text, *styles) for text in texts] if self.ink.color else texts

    def wrapped(
        self, text: str, *styles: str, indent: str = "", hanging: str | None = None
    ) -> Iterator[str]:
        """*text* (already escaped) in lines, each in *styles*."""
        for line in wrap(text, self.width, indent, hanging):
            yield self.ink(line, *styles) if styles else line

    def asker(self, asker: Asker) -> Iterator[str]:
        """The head of a manifest's rows: its name, its file, who, why and under which ticket."""
        if asker.path is None:
            yield self.ink("  No manifest is known to ask", "bold")
            return
        name = word(asker.manifest or "")
        path = elide(terminal(asker.path), max(_MOST_PATH, self.width - len(name) - 8))
        yield f"  {self.ink(name, 'bold')} {self.ink(f'({path})', 'dim')}"
        yield from self.wrapped(who(asker.document), indent="  ", hanging="    ")


def who(document: ManifestDocument | None) -> str:
    """`Asked for by growth, ticket CHG-1, until 2027-01-31: "The season is over"`."""
    said = []
    for label, text in askers.facts(document):
        said.append(f"asked for by {word(text)}" if label == "owner" else f"{label} {word(text)}")
    if lacking := askers.missing(document):
        said.append(lacking)
    line = ", ".join(said)
    line = line[:1].upper() + line[1:]
    reason = document.reason if document else None
    return f"{line}: {quoted(cap(reason, _MOST_REASON))}" if reason else f"{line}."


def word(text: str) -> str:
    """A foreign word: bare if nothing in it can mislead, else in quotes."""
    return text if _PLAIN.fullmatch(text) else quoted(text, most=200)


def identity(text: str | None) -> str:
    """An id, whole."""
    if text is None:
        return "(no id)"
    return text if _PLAIN_ID.fullmatch(text) else quoted(text)


def identities(texts: Sequence[str | None]) -> list[str]:
    """The same of many; nearly always they are plain, all of them."""
    some = list(filter(None, texts))
    together = "".join(some)
    plain = together.isascii() and not together.encode().translate(None, _OF_IDS.encode())
    if plain and len(some) == len(texts):
        return some
    return [identity(text) for text in texts]


def lines_of(sources: Sequence[Source]) -> str:
    """`line 14`, or `line 14 +1` if one more absence asks."""
    return all_lines([sources[0].line], len(sources))[0] if sources else ""


def all_lines(lines: Sequence[int], absences: int) -> list[str]:
    """The same of many, for each of which so many *absences* ask: first that in its line."""
    more = f" +{absences - 1}" if absences > 1 else ""
    if len({*lines}) == 1:
        return [f"line {lines[0]}{more}"] * len(lines)
    return [f"line {one}{more}" for one in lines]


def all_lines_of(sources: Sequence[tuple[Source, ...]]) -> list[str]:
    """The same of many: what many rows share is said once."""
    last: tuple[Source, ...] | None = None
    said, found = "", []
    for one in sources:
        if one != last:
            last, said = one, lines_of(one)
        found.append(said)
    return found

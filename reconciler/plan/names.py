"""Names as they are compared, and who asks for one."""

from collections.abc import Iterable
from unicodedata import normalize

Asked = tuple[str, int]
"""The account of a question, and its index."""


def nfc(text: str) -> str:
    """*text* as names are compared."""
    return text if text.isascii() else normalize("NFC", text)


def add(found: dict[int, list[int]], place: int, asked: Iterable[Asked], account: str) -> None:
    """Note at *place* those of *asked* that are of *account*."""
    own = [index for of, index in asked if of == account]
    if own:
        found.setdefault(place, []).extend(own)

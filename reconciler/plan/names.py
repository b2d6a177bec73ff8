"""Names as they are compared, and who asks for one."""

from collections.abc import Iterable
from unicodedata import normalize

Asked = tuple[str, int]
"""The account of a question, and its index."""

Found = dict[int, tuple[int, ...]]
"""The place of a record -> the questions that are noted there; many places may share them."""


def nfc(text: str) -> str:
    """*text* as names are compared."""
    return text if text.isascii() else normalize("NFC", text)


def add(found: Found, place: int, asked: Iterable[Asked], account: str) -> None:
    """Note at *place* those of *asked* that are of *account*."""
    own = [index for of, index in asked if of == account]
    if own:
        note(found, place, own)


def note(found: Found, place: int, indices: Iterable[int]) -> None:
    """Note the questions *indices* at *place*."""
    found[place] = (*found.get(place, ()), *indices)

"""Names as they are compared, and who asks for one."""

from collections.abc import Container, Iterable
from unicodedata import normalize

Asked = tuple[str, int]
"""The account of a question, and its index."""


def nfc(text: str) -> str:
    """*text* as names are compared."""
    return text if text.isascii() else normalize("NFC", text)


def places_of(accounts: Iterable[str], those: Container[str]) -> dict[str, list[int]]:
    """Of each of *those* accounts that *accounts* has, its places there."""
    places: dict[str, list[int]] = {}
    for place, account in enumerate(accounts):
        if account in places:
            places[account].append(place)
        elif account in those:
            places[account] = [place]
    return places


def add(found: dict[int, list[int]], place: int, asked: Iterable[Asked], account: str) -> None:
    """Note at *place* those of *asked* that are of *account*."""
    own = [index for of, index in asked if of == account]
    if own:
        found.setdefault(place, []).extend(own)

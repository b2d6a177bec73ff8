"""What a JSON answer says beside what was read of it: that it went wrong, or that there is more.

A row or a path names where a vendor puts what is asked for. What stands next to it on the way there
was named by nobody, and may take all of it back: `errors` beside `data`, `partial` beside items.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from reconciler.driver import Answer
from reconciler.drivers import answers

_CUT: Final = {"partial", "incomplete", "incompleteresults", "partialresults", "timedout"}
_MORE: Final = {"more", "hasmore", "hasnext", "hasnextpage", "morerecords", "truncated"}
_NEXT: Final = {"next", "nextpage", "nextcursor", "nexttoken", "nextpagetoken", "nextlink"}
_NEXT_URL: Final = {"nexturl", "nexturi", "nextpageurl", "nextpageuri", "nextrecordsurl"}
_LINK: Final = re.compile(r"\brel\s*=\s*(?:\"(?:[^\"]*\s)?next[\s\"]|next\b)", re.IGNORECASE)


def denied(said: Any, paths: Iterable[str], *, each: bool = False) -> bool:
    """Whether *said* speaks of failure beside what stands at *paths* (keys with dots between).

    *each*: whether it is about several targets, so that what it says of each of them counts too.
    """
    beside = _beside(said, paths)
    return any(_denies(name, value) or (each and _denied_in(name, value)) for name, value in beside)


def names_some(said: Any, ids: Sequence[str]) -> bool:
    """Whether the lists in *said* name some of *ids*, in any case of letters, and not each."""
    named = {text.casefold() for text in _listed(said, inside=False)}
    return 0 < sum(one.casefold() in named for one in ids) < len(ids)


def _listed(said: Any, *, inside: bool) -> Iterator[str]:
    """Every text and number that is in a list of *said*."""
    if isinstance(said, Mapping):
        for value in said.values():
            yield from _listed(value, inside=inside)
    elif isinstance(said, list):
        for value in said:
            yield from _listed(value, inside=True)
    elif inside and isinstance(said, str | int):
        yield str(said)


def goes_on(answer: Answer, said: Any, path: str, *, linked: bool) -> bool:
    """Whether an *answer* that *said* so says that more items follow those at *path*.

    *linked*: whether an address or a cursor of a next page says so, too.
    """
    if _LINK.search(answer.headers.get("link", "")):
        return True

    def says(name: str, value: Any) -> bool:
        if name.removeprefix("is") in _MORE:
            return value is True
        return linked and name in _NEXT | _NEXT_URL and bool(value)

    return any(
        says(name, value)
        or (isinstance(value, Mapping) and any(says(*one) for one in _named(value)))
        for name, value in _beside(said, () if path == "." else (path,))
    )


def _denies(name: str, value: Any) -> bool:
    if name.removeprefix("is") in _CUT:
        return value is True
    return answers.denies(name, value)


def _denied_in(name: str, value: Any) -> bool:
    """Whether one of several is said to have failed, at any depth of *value*."""
    if _denies(name, value) or answers.failed(name, value):
        return True
    if isinstance(value, list):
        return any(_denied_in(name, one) for one in value)
    return isinstance(value, Mapping) and any(_denied_in(*one) for one in _named(value))


def _beside(said: Any, paths: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Every name on the way to *paths* that is not on it itself, in letters, and its value."""
    if not isinstance(said, Mapping):
        return
    inner: dict[str, list[str]] = {}
    for path in paths:
        key, _, rest = path.partition(".")
        inner.setdefault(key, []).extend([rest] if rest else [])
    for key, value in said.items():
        if key not in inner:
            yield from _named({key: value})
        elif inner[key]:
            yield from _beside(value, inner[key])


def _named(said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in said.items():
        yield answers.letters(key), value

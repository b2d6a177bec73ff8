"""What changed between two inventories: appeared, gone, changed field by field."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reconciler.model import Campaign

_ENCODE = msgspec.json.Encoder(order="sorted")
_DIGEST = 12  # bytes: 2^-40 for a million changed records to hide one change


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is not what it was: *path* from the record, None for a value that is not."""

    path: tuple[str | int, ...]
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything by account and id. *changed*: (record as it is now, its changes)."""

    appeared: tuple[Campaign, ...]
    gone: tuple[Campaign, ...]
    changed: tuple[tuple[Campaign, tuple[Change, ...]], ...]

    @property
    def differ(self) -> bool:
        return bool(self.appeared or self.gone or self.changed)


def diff(before: Iterable[Iterable[Campaign]], after: Iterable[Iterable[Campaign]]) -> Diff:
    """Compare two inventories, each iterated at most twice.

    In memory: a digest of each record of *before*, and the records that differ.
    """
    digests = {_key(one): _digest(one) for one in _each(before)}
    appeared: list[Campaign] = []
    now: dict[bytes, Campaign] = {}
    for one in _each(after):
        key = _key(one)
        digest = digests.pop(key, None)
        if digest is None:
            appeared.append(one)
        elif digest != _digest(one):
            now[key] = one
    gone: list[Campaign] = []
    was: dict[bytes, Campaign] = {}
    if digests or now:
        for one in _each(before):
            key = _key(one)
            if key in now:
                was[key] = one
            elif key in digests:
                gone.append(one)
    changed = ((one, changes(was[key], one)) for key, one in now.items())
    return Diff(
        appeared=tuple(sorted(appeared, key=_order)),
        gone=tuple(sorted(gone, key=_order)),
        changed=tuple(sorted((pair for pair in changed if pair[1]), key=lambda p: _order(p[0]))),
    )


def changes(before: Campaign, after: Campaign) -> tuple[Change, ...]:
    """What differs between two records of one campaign, field by field."""
    from deepdiff import DeepDiff

    tree = DeepDiff(_plain(before), _plain(after), view="tree", threshold_to_diff_deeper=0)
    found = [
        Change(
            tuple(level.path(output_format="list")),
            _value(level.t1),
            _value(level.t2),
        )
        for levels in tree.values()
        for level in levels
    ]
    return tuple(sorted(found, key=lambda one: tuple(map(str, one.path))))


def _value(held: object) -> Any:
    return None if type(held).__name__ == "NotPresent" else held


def _plain(one: Campaign) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = msgspec.to_builtins(one)
    return plain


def _each(batches: Iterable[Iterable[Campaign]]) -> Iterator[Campaign]:
    return (one for batch in batches for one in batch)


def _key(one: Campaign) -> bytes:
    return hashlib.blake2b(_ENCODE.encode((one.account, one.id)), digest_size=16).digest()


def _digest(one: Campaign) -> bytes:
    return hashlib.blake2b(_ENCODE.encode(one), digest_size=_DIGEST).digest()


def _order(one: Campaign) -> tuple[str, str]:
    return one.account, one.id

"""Deletions of which only records and lines differ: read as rows, and no action is made of them.

Nearly all of a large plan is such.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, Literal, TypeVar

import msgspec

from reconciler.model import Action, Reason
from reconciler.plan.lines import END
from reconciler.plan.samerecords import SameRecords
from reconciler.plan.spool import Lines

# Fields are found fastest in the order in which they stand in a plan. What has to be the same in
# all rows is a type of its own, which takes nothing else.
_Manifest = TypeVar("_Manifest")
_Path = TypeVar("_Path")
_Reason = TypeVar("_Reason")
_Account = TypeVar("_Account")
_Sources = TypeVar("_Sources")


class _Source(msgspec.Struct, Generic[_Manifest, _Path], gc=False):
    manifest: _Manifest
    path: _Path
    line: int


class _Record(msgspec.Struct, rename="camel", kw_only=True, gc=False):
    """What a row shows of a record; *updated_at* as the plan has it."""

    status: str = ""
    updated_at: str


class PlainRow(msgspec.Struct, Generic[_Reason, _Account, _Sources], rename="camel", gc=False):
    """What a row shows of a deletion of which nothing else is said."""

    action: Literal["delete"]
    reason: _Reason
    account: _Account
    id: str
    name: str
    parts: None
    message: None
    look_first: None
    sources: _Sources
    waivers: tuple[()]
    campaign: _Record


_Rows = Sequence[PlainRow[str, str, tuple[_Source[str, str], ...]]]


class _Kind(msgspec.Struct, frozen=True):
    """What has to be the same. *asked*: the manifests that ask, and their paths."""

    reason: Reason
    account: str
    asked: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, action: Action) -> "_Kind":
        asked = tuple((one.manifest, one.path) for one in action.sources)
        return cls(action.reason, action.account, asked)


class _SameRecord(_Record, gc=False):
    """The same where records alone are read, and with them what a row calls the campaign."""

    id: str
    name: str


_same_records = msgspec.json.Decoder(list[_SameRecord]).decode


class SameRows(msgspec.Struct, frozen=True):
    """Rows by columns. *like*: one of them; *lines*: where the first absence of each stands.

    *times*: when each was updated, in UTC, as the plan has it.
    """

    like: Action
    ids: list[str]
    names: list[str]
    statuses: list[str]
    times: list[str]
    lines: Sequence[int]

    @classmethod
    def known(cls, some: SameRecords) -> "SameRows | None":
        """The rows of *some* that are known to be alike; None if one has no such time."""
        try:
            records = _same_records(some.read())
        except msgspec.MsgspecError:
            return None
        return cls._of(
            some.like,
            [one.id for one in records],
            [one.name for one in records],
            records,
            some.lines,
        )

    @classmethod
    def _of(
        cls,
        like: Action,
        ids: list[str],
        names: list[str],
        records: Sequence[_Record],
        lines: Sequence[int],
    ) -> "SameRows | None":
        times = [one.updated_at for one in records]
        if "".join(times).count("Z") < len(times):
            return None
        return cls(like, ids, names, [one.status for one in records], times, lines)

    @classmethod
    def of(cls, some: Lines[Action]) -> "SameRows | None":
        """The rows of *some* lines of a plan; None if they are not so plain."""
        first = some[0]
        if first.action != "delete" or not first.sources:
            return None
        read = _reader(_Kind.of(first))
        try:
            rows = read(b"[%b]" % b"".join(some.raw()).rstrip(END))
        except msgspec.MsgspecError:  # one is of another kind, or its record has no time
            return None
        return cls._of(
            first,
            [one.id for one in rows],
            [one.name for one in rows],
            [one.campaign for one in rows],
            [one.sources[0].line for one in rows],
        )


@lru_cache(64)
def _reader(kind: _Kind) -> Callable[[bytes], _Rows]:
    """Reads rows of *kind*, and takes no other."""
    only: Any = Literal
    row: Any = PlainRow
    source: Any = _Source
    each: Any = tuple
    asked = each[tuple(source[only[name], only[path]] for name, path in kind.asked)]
    alike = row[only[str(kind.reason)], only[kind.account], asked]
    rows: Any = list
    return msgspec.json.Decoder(rows[alike]).decode

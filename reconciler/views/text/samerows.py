"""Deletions of which only records and lines differ: read as rows, and no action is made of them.

Nearly all of a large plan is such.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from reconciler.model import Action, Reason
from reconciler.plan.lines import END
from reconciler.plan.spool import Lines


class _Record(msgspec.Struct, rename="camel", gc=False):
    """What a row shows of a record; *updated_at* as the plan has it."""

    updated_at: str
    status: str = ""


class _Source(msgspec.Struct, gc=False):
    line: int


class PlainRow(msgspec.Struct, rename="camel", gc=False):
    """What a row shows of a deletion of which nothing else is said."""

    id: str
    name: str
    parts: None
    message: None
    look_first: None
    sources: tuple[_Source, ...]
    waivers: tuple[()]
    campaign: _Record


class _Kind(msgspec.Struct, frozen=True):
    """What has to be the same. *asked*: the manifests that ask, and their paths."""

    reason: Reason
    account: str
    asked: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, action: Action) -> "_Kind":
        asked = tuple((one.manifest, one.path) for one in action.sources)
        return cls(action.reason, action.account, asked)


class SameRows(msgspec.Struct, frozen=True):
    """*like*: the first of them. Times in *rows* are UTC."""

    like: Action
    rows: Sequence[PlainRow]

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
        if "".join([one.campaign.updated_at for one in rows]).count("Z") < len(rows):
            return None
        return cls(first, rows)


@lru_cache(64)
def _reader(kind: _Kind) -> Callable[[bytes], Sequence[PlainRow]]:
    """Reads rows of *kind*, and takes no other."""

    def only(text: str) -> object:
        return Literal.__getitem__(text)

    sources = [
        msgspec.defstruct("Of", [("manifest", only(one)), ("path", only(path))], bases=(_Source,))
        for one, path in kind.asked
    ]
    row = msgspec.defstruct(
        "Like",
        [
            ("action", only("delete")),
            ("reason", only(str(kind.reason))),
            ("account", only(kind.account)),
            ("sources", tuple.__class_getitem__(tuple(sources))),
        ],
        bases=(PlainRow,),
        rename="camel",
        gc=False,
    )
    return msgspec.json.Decoder(list.__class_getitem__(row)).decode

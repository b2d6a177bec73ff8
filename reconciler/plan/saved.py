"""A plan as a file: its bytes, which people review and sign, and what they say."""

import gc
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from reconciler import disk
from reconciler.model import PlanDocument
from reconciler.plan import planfile
from reconciler.plan.spool import Spool

MOST_PLAN = 4 * 1024 * 1024 * 1024
_MOST_HEAD = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """The plan as a file: where it lies, the bytes that people sign, their digest, the plan.

    *data* is a copy of our own: whatever becomes of the file, these bytes are what was read.
    """

    path: Path
    data: Spool
    digest: str
    plan: PlanDocument


def read_plan(path: str | Path) -> Saved:
    """The plan that is saved in *path*; `Stale` if that is none, and why."""
    place = Path(path)
    return read_parts(place, disk.read_parts(place, what="the plan", most=MOST_PLAN))


class PlanHead(msgspec.Struct, frozen=True):
    """A plan of which only that is read what stands before its actions, and what its bytes are."""

    digest: str
    plan: PlanDocument


def read_head(path: str | Path) -> PlanHead | None:
    """The head of the plan that is saved in *path*; None if there is none, as far as one sees.

    For whoever knows by its digest that the plan is one: its actions are not looked at.
    """
    digest, first = hashlib.sha256(), b""
    for part in disk.read_parts(Path(path), what="the plan", most=MOST_PLAN):
        digest.update(part)
        if len(first) < _MOST_HEAD:
            first += part
    plan = planfile.head(first)
    return None if plan is None else PlanHead(f"sha256:{digest.hexdigest()}", plan)


def read_parts(place: Path, parts: Iterable[bytes]) -> Saved:
    """The plan whose bytes are *parts*; *place* is what it is called."""
    data, digest = Spool(), hashlib.sha256()
    for part in parts:
        data.write(part)
        digest.update(part)
    return Saved(place, data, f"sha256:{digest.hexdigest()}", planfile.read(data))


@contextmanager
def no_collection() -> Iterator[None]:
    """No garbage collection meanwhile.

    Neither records nor manifests nor actions hold cycles; looking for some is slow.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()

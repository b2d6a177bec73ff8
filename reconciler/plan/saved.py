"""A plan as a file: its bytes, which people review and sign, and what they say."""

import gc
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler import disk
from reconciler.model import PlanDocument
from reconciler.plan import planfile
from reconciler.plan.spool import Spool

MOST_PLAN = 4 * 1024 * 1024 * 1024


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

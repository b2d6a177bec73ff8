"""A plan as a file: its bytes, which people review and sign, and what they say."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler import disk
from reconciler.model import PlanDocument, Target
from reconciler.plan import planfile

MOST_PLAN = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """The plan as a file: where it lies, the bytes that people sign, their digest, the plan."""

    path: Path
    data: bytes
    digest: str
    plan: PlanDocument

    @property
    def targets(self) -> list[Target]:
        """Every target that the plan deletes, in its order."""
        return self.plan.targets


def read_plan(path: str | Path) -> Saved:
    """The plan that is saved in *path*; `Stale` if that is none, and why."""
    place = Path(path)
    data = disk.read_file(place, what="the plan", most=MOST_PLAN)
    return Saved(place, data, planfile.digest(data), planfile.loads(data))


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

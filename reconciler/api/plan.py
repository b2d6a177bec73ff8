"""`plan` and `show`: a plan of today's files, or one that was saved."""

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Unpack

from reconciler import disk
from reconciler.api.given import GivenReading, One, Some, inventory_of, texts
from reconciler.api.written import write_parts
from reconciler.errors import Diagnostic, Usage, check_format
from reconciler.model import (
    Action,
    PlanDocument,
    PlanMetadata,
    PlanWarning,
    Summary,
    Violation,
    stamp,
)
from reconciler.plan import planfile
from reconciler.plan.guards import plan_age
from reconciler.plan.saved import Saved, no_collection, read_parts
from reconciler.plan.saved import read_plan as read_saved
from reconciler.plan.spool import Spool
from reconciler.site import Site
from reconciler.views import PLAN_FORMATS, plan_parts
from reconciler.views.frame import Frame, Platform

if TYPE_CHECKING:
    from reconciler.api.compared import PlanComparison
    from reconciler.declare.project import ProjectFile

_PART = 1 << 20


class Plan:
    """What would be deleted, what is refused, and why. Its bytes are what it is.

    A plan is a resource: use it as a context manager, or call `close`, when it may be large.
    """

    def __init__(
        self,
        value: PlanDocument,
        data: Spool,
        digest: str | None = None,
        *,
        path: Path | None = None,
        diagnostics: Sequence[Diagnostic] = (),
    ) -> None:
        self._value = value
        self._data = data
        self.path = path
        """The file that holds it: the one it was read from or last written to."""
        self.diagnostics = tuple(diagnostics)
        """Warnings about project and manifests as they were read. They are not in the plan."""
        self.closed: str | None = None
        """Why nothing of it may be sent now, if a window forbade all when it was made."""
        self._digest = digest  # None: nobody has gone through its bytes yet

    def __repr__(self) -> str:
        return f"<Plan {self.digest[:19]} of {self._value.metadata.project!r}>"

    def __enter__(self) -> "Plan":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say that it is used no more, so that what it holds outside of memory can go."""
        self._digest = self.digest  # what it was is known of it all the same
        self._data.close()

    # ------------------------------------------------------------ what it says

    @property
    def digest(self) -> str:
        """`sha256:...` of its bytes: its identity."""
        if self._digest is None:
            self._digest = planfile.digest(self._data.parts())
        return self._digest

    def _parts(self) -> Iterator[bytes]:
        """Its bytes, a part at a time; who takes all of them has found its digest on the way."""
        if self._digest is not None:
            yield from self._data.parts()
            return
        made = hashlib.sha256()
        for part in self._data.parts():
            made.update(part)
            yield part
        self._digest = f"sha256:{made.hexdigest()}"

    @property
    def metadata(self) -> PlanMetadata:
        """Of which project, when and by whom it was made, and when it expires."""
        return self._value.metadata

    @property
    def applicable(self) -> bool:
        """Whether no limit is broken, so that it can be applied."""
        return self._value.applicable

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The limits that it breaks."""
        return self._value.violations

    @property
    def warnings(self) -> tuple[PlanWarning, ...]:
        """What it says that one should look at."""
        return self._value.warnings

    @property
    def summary(self) -> Summary:
        """How many actions of each kind there are, in all and by account."""
        return self._value.summary

    @property
    def actions(self) -> Iterable[Action]:
        """Every action: deletions, refusals, then what there is nothing to do about.

        It can be gone through again and again. It is no list, so that a large
        plan need not be in memory.
        """
        return self._value.actions

    @property
    def value(self) -> PlanDocument:
        """The whole plan as one value, for the engine and the views."""
        return self._value

    def expired(self, now: datetime) -> str | None:
        """By how much it is too old to be begun at *now*; None if it is not."""
        return plan_age.expired(planfile.moment(self._value.metadata.expires_at), now=now)

    def compare(self, other: "Plan | One") -> "PlanComparison":
        """What changed from this plan to *other*, or to the one in that file."""
        from reconciler.api.compared import comparison

        after = other if isinstance(other, Plan) else read_plan(other)
        return comparison(self.value, after.value, digests=(self.digest, after.digest))

    # ------------------------------------------------------------ what it becomes

    def to_bytes(self) -> bytes:
        """The plan file: these very bytes are reviewed, signed and applied."""
        return self._data.read()

    @no_collection()
    def view(
        self,
        format: str,  # noqa: A002 - the option's name
        *,
        fit: Platform | None = None,
        run: str | None = None,
    ) -> str:
        """The plan in one of the formats of `--format`; `json` is the plan file itself.

        Phone numbers are masked in all others. Markdown keeps the limit of the platform *fit*.
        *run*: the address of the CI's run, which a comment links.
        """
        return "".join(self.pieces(format, fit=fit, run=run))

    def pieces(
        self,
        format: str,  # noqa: A002
        *,
        fit: Platform | None = None,
        run: str | None = None,
    ) -> Iterator[str]:
        """The same, piece by piece: what a large plan needs that is printed or sent on."""
        if check_format(format, PLAN_FORMATS) == "json":
            return codecs.iterdecode(self._parts(), "utf-8")
        return PLAN_FORMATS[format](self._value, self._frame(fit, run))

    @no_collection()
    def write(
        self,
        path: One,
        format: str = "json",  # noqa: A002
        *,
        fit: Platform | None = None,
        run: str | None = None,
    ) -> tuple[Path, ...]:
        """Put the plan, or another view of it, at *path*, whole or not at all; the files written.

        With *fit*, what does not fit goes on in *path* with `.2`, `.3` and so on behind it.
        """
        place = Path(path)
        if check_format(format, PLAN_FORMATS) == "json":
            disk.write_parts(place, self._parts())
            self.path = place
            return (place,)
        return write_parts(place, plan_parts(format, self._value, self._frame(fit, run)))

    def _frame(self, fit: Platform | None, run: str | None) -> Frame:
        saved_as = None if self.path is None else os.fspath(self.path)
        return Frame(digest=self.digest, saved=saved_as, run=run, fit=fit)


def plan(
    site: Site,
    *,
    inventory: Some = (),
    accounts: Some = (),
    manifests: Some = (),
    author: str | None = None,
    attributes: bool = False,
    **reads: Unpack[GivenReading],
) -> Plan:
    """A plan of today's files."""
    from reconciler.apply.remembered import tell
    from reconciler.plan.today import make_plan

    fresh = make_plan(
        site,
        now=plan_time(site),
        inventory=inventory_of(inventory, **reads),
        accounts=texts(accounts),
        manifests=texts(manifests),
        author=author,
        attributes=attributes,
    )
    tell(site, fresh.plan)
    made = Plan(fresh.plan, fresh.data, diagnostics=fresh.warnings)
    made.closed = _closed(site, fresh.project, fresh.plan)
    return made


def _closed(site: Site, project: "ProjectFile", plan: PlanDocument) -> str | None:
    """Why nothing of *plan* may be sent now, if a window forbids all of it."""
    names = [name for name, one in plan.summary.accounts.items() if one.delete]
    windows = [project.accounts[name].guards.windows for name in names]
    if not windows or not all(windows):
        return None  # where there is none it is always open

    from reconciler.plan.guards.windows import Schedule

    now = site.now()
    decisions = [Schedule(one).decide(now) for one in windows]
    if any(one.open for one in decisions):
        return None
    first = decisions[0]
    why = f" ({first.because})" if first.because else ""
    opens = f", and opens {first.opens}" if first.opens else ""
    return f"the window is closed: {first.rule}{why}{opens}"


def plan_time(site: Site) -> datetime:
    """*Now* for a plan and what is said of it; told if it is not the real time."""
    now, fixed = site.plan_time()
    if fixed:
        site.note(f"warning: now is {stamp(now)}, because SOURCE_DATE_EPOCH is set")
    return now


def read_plan(path: One | BinaryIO) -> Plan:
    """The plan that was saved in *path*, a file or a stream; `Stale` if that is none, and why."""
    if isinstance(path, str | os.PathLike):
        return of_saved(read_saved(os.fspath(path)))
    found = read_parts(Path("-"), iter(partial(path.read, _PART), b""))
    return Plan(found.plan, found.data, found.digest)


def of_saved(found: Saved) -> Plan:
    """The plan that was read from a file."""
    return Plan(found.plan, found.data, found.digest, path=found.path)


def as_saved(plan: Plan, path: Path) -> Saved:
    """*plan* as the file *path*."""
    return Saved(path, plan._data, plan.digest, plan.value)


def saved(site: Site, plan: Plan | One) -> Saved:
    """*plan*, or the one in that file, as a file: its own, or the one that an apply keeps.

    `Usage` if it is in neither.
    """
    known = plan if isinstance(plan, Plan) else read_plan(plan)
    kept = site.root / ".reconciler/plans" / f"{known.digest.removeprefix('sha256:')}.json"
    path = known.path or (kept if kept.exists() else None)
    if path is None:
        raise Usage("the plan is in no file; write it to one, beside which its signatures lie")
    return as_saved(known, path)

"""The report of a run, and the exit code that it deserves. Pure."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from reconciler.apply.merge import PlanTarget
from reconciler.errors import Exit
from reconciler.lanes.journal import History
from reconciler.lanes.work import Fate
from reconciler.model import Outcome, PlanDocument, TargetReport
from reconciler.plan.spool import LineSink

_encode = msgspec.json.Encoder().encode_lines
_decode = msgspec.json.Decoder(list[TargetReport]).decode


def instead(plan: PlanDocument, accounts: Iterable[str]) -> list[str]:
    """What a deletion was, at each of *accounts* whose vendor has none."""
    planned = sorted(set(accounts) & plan.accounts.keys())
    said = {name: plan.accounts[name].instead for name in planned}
    return [f"{name}: a deletion there {what}" for name, what in said.items() if what]


class Written:
    """The targets of a report, spooled as they come; *counts* of each outcome."""

    def __init__(self) -> None:
        self.counts = {outcome.value: 0 for outcome in Outcome}
        self._kinds: dict[object, Fate] = {}
        self._lines = sink()

    def add(
        self,
        one: PlanTarget,
        fate: Fate,
        scope: str,
        history: History,
    ) -> None:
        """The next target, in the plan's order."""
        self.counts[fate.outcome.value] += 1
        self._kinds.setdefault((fate.outcome, fate.shut, fate.excused, fate.held), fate)
        self._lines.add(
            TargetReport(
                account=one.target.account,
                scope=scope,
                id=one.target.id,
                part=one.target.part,
                name=one.action.name,
                outcome=fate.outcome,
                detail=fate.detail,
                evidence=fate.evidence,
                attempts=len(history.requests),
                requests=history.requests,
                driver=one.action.driver,
                sources=one.action.sources,
                copy=history.copy,
                reason=fate.held,
            )
        )

    @property
    def kinds(self) -> Collection[Fate]:
        """A fate of each kind: whatever the exit code depends on."""
        return self._kinds.values()

    def targets(self) -> Sequence[TargetReport]:
        """All of them."""
        return self._lines.done()


def sink() -> LineSink[TargetReport]:
    """Takes in the targets of a report."""
    return LineSink[TargetReport](_lines, _read, 64)


def _lines(targets: Sequence[TargetReport]) -> list[bytes]:
    return [b"%b,\n" % one for one in _encode(targets).split(b"\n")[:-1]]


def _read(lines: bytes) -> list[TargetReport]:
    return _decode(b"[%b]" % lines.rstrip(b",\n"))


def exit_code(fates: Iterable[Fate], *, stop: Exit | None) -> Exit:
    """The first that holds of: interrupted with something left, in doubt, window, in part, done.

    What the plan itself refuses is not among *fates*. *stop*: what interrupted the run.
    """
    left = [fate for fate in fates if not (fate.outcome.final or fate.excused)]
    outcomes = {fate.outcome for fate in left}
    if stop is not None and outcomes & {Outcome.PENDING, Outcome.IN_DOUBT}:
        return stop
    if Outcome.IN_DOUBT in outcomes:
        return Exit.DOUBT
    if any(fate.shut for fate in left):
        return Exit.REFUSED
    return Exit.PARTIAL if left else Exit.OK

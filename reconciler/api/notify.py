"""Telling the project's receivers of an apply, beside it: nothing they do changes what it does."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.api.plan import Plan
from reconciler.apply.steps import Conclusion
from reconciler.apply.task import Task
from reconciler.declare.credentials import resolve
from reconciler.declare.notify import Notify
from reconciler.errors import ApprovalsMissing, ReconcilerError
from reconciler.events import Event, Relay
from reconciler.lanes.courier import Courier, Receiver
from reconciler.lanes.proxies import sender_through
from reconciler.model import stamp
from reconciler.safe import terminal
from reconciler.site import Site
from reconciler.views.ci import run_address
from reconciler.views.frame import Frame
from reconciler.views.notices import Notice, render
from reconciler.views.notices.notice import Stage

_IN_A_HURRY = 2.0  # seconds that receivers are waited for once a run was interrupted


@dataclass(frozen=True, slots=True)
class Telling:
    """*task*, and what is to be said of it that no event says."""

    task: Task
    concluded: Callable[[Conclusion], None]


@contextmanager
def told(task: Task, plan: Plan, *, notify: bool) -> Iterator[Telling]:
    """Meanwhile the project's receivers hear of the apply of *plan*; without *notify*, nobody."""
    known = _receivers(task.site, task.project.notify if notify else ())
    if not known:
        yield Telling(task, lambda _: None)
        return
    crier = _Crier(task, plan, known)
    try:
        yield Telling(replace(task, site=task.site.heard_by(crier)), crier.concluded)
    except ReconcilerError as error:
        crier.failed(error)
        raise
    finally:
        crier.close()


def _receivers(site: Site, wanted: Sequence[Notify]) -> list[tuple[Notify, Receiver]]:
    """Those that can be told; of the others it is told why not."""
    found = []
    for number, one in enumerate(wanted, 1):
        label = f"notify, receiver {number} ({one.shape})"
        try:
            known = resolve(one, site.root, site.environ)
            found.append((one, _receiver(known, label, site.root)))
        except ReconcilerError as error:
            site.note(terminal(f"{label} is told nothing: {error}"))
    return found


def _receiver(one: Notify, label: str, root: Path) -> Receiver:
    seconds = one.timeout.total_seconds()
    signing = None if one.secret is None else one.secret.secret()
    authorities = None if one.ca_file is None else str(root / one.ca_file)
    sends = sender_through(one.proxy, authorities, seconds)
    return Receiver(label, one.url.secret(), sends, seconds, signing)


class _Crier(Relay):
    """Overhears an apply, and posts what its receivers want to know."""

    def __init__(self, task: Task, plan: Plan, known: Sequence[tuple[Notify, Receiver]]) -> None:
        super().__init__(task.site.listener)
        self._site, self._stop = task.site, task.stop
        self._wanted = [one for one, _ in known]
        self._courier = Courier([one for _, one in known])
        frame = Frame(digest=plan.digest, run=run_address(task.site.environ))
        self._stage = Stage(plan=plan.value, frame=frame, id=secrets.token_hex(8))
        self._started = False

    def event(self, event: Event) -> None:
        if event.kind == "run-started":
            self._started = True
            self._post(self._stage.started(stamp(event.at, "milliseconds"), event.total or 0))
        super().event(event)

    def concluded(self, what: Conclusion) -> None:
        """The run has a report. One that had nothing left to do says nothing, nor does one that
        goes on at workers: how it will end nobody here knows.
        """
        report, failure = what.report, what.failure
        if what.left:
            return
        if not self._started and not report.exit_code and failure is None:
            return
        if report.summary.get("in-doubt"):
            self._post(self._stage.in_doubt(self._now(), report))
        said = None if failure is None else str(failure)
        self._post(self._stage.finished(self._now(), report, said))

    def failed(self, error: ReconcilerError) -> None:
        """The run ended without a report."""
        if isinstance(error, ApprovalsMissing):
            self._post(self._stage.approval_missing(self._now(), str(error)))
        elif self._started:
            self._post(self._stage.broken_off(self._now(), str(error), error.exit))

    def close(self) -> None:
        """Wait for the receivers, as long as each may take; a signal ends that."""
        hurried = self._stop.exit is not None
        with self._stop.ends(self._courier.hurry if not hurried else lambda: None):
            left = self._courier.close(_IN_A_HURRY if hurried else None)
        for said in left:
            self._site.note(terminal(said))

    def _post(self, notice: Notice) -> None:
        for index, one in enumerate(self._wanted):
            if notice.moment in one.on:
                made = render(notice, one.shape)
                self._courier.post(index, made.content_type, made.body)

    def _now(self) -> str:
        return stamp(self._site.now(), "milliseconds")

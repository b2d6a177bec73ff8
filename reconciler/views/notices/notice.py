"""What happened, as a value: the same for every shape."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from reconciler.model import Outcome, PlanDocument, ReportDocument, Target, TargetReport
from reconciler.safe import cap, visible
from reconciler.views import words
from reconciler.views.frame import Frame

_SENTENCE = 480  # characters of a foreign sentence
_NAME = 240
_WORST = (Outcome.IN_DOUBT, Outcome.REFUSED, Outcome.DRIFTED, Outcome.PENDING)

Moment = Literal["approval-missing", "started", "in-doubt", "finished"]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is told. *data*: its facts for programs; *title* and *lines*: for people.

    *accounts* and *targets* are the long lists, the most telling first; a shape may cut them.
    *run*: the address of the CI's run, which may stand in a page as it is.
    """

    moment: Moment
    id: str
    at: str
    project: str
    plan: str
    title: str
    lines: tuple[str, ...] = ()
    run: str | None = None
    data: Mapping[str, Any]
    accounts: tuple[Mapping[str, Any], ...] = ()
    targets: tuple[Mapping[str, Any], ...] = ()


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What every notice of one apply shares. *id* names the apply and nothing else."""

    plan: PlanDocument
    frame: Frame
    id: str

    def approval_missing(self, at: str, said: str) -> Notice:
        """*said*: what is missing."""
        title = f"Approvals are missing: {words.count(self.plan.summary.delete, 'campaign')} wait"
        said = foreign(said)
        return self._notice("approval-missing", at, title, (said,), {"message": said})

    def started(self, at: str, total: int) -> Notice:
        """*total* targets are worked in this run."""
        accounts = [name for name, one in self.plan.summary.accounts.items() if one.delete]
        title = f"Deleting {words.count(total, 'target')} in {_some(sorted(accounts))}"
        cost = self.plan.estimate
        needs = words.count(cost.requests, "request")
        takes = f"The whole plan takes {needs}, about {words.duration(cost.seconds)}."
        return self._notice("started", at, title, (takes,), {"targets": total})

    def in_doubt(self, at: str, report: ReportDocument) -> Notice:
        """What may have happened, target by target."""
        doubts = tuple(self._targets(report, (Outcome.IN_DOUBT,)))
        said = words.count(len(doubts), "target is", "targets are")
        title = f"{said} in doubt: it may have happened"
        lines = (*_listed(doubts), words.NEXT[6])
        data = {"exitCode": report.exit_code, "summary": report.summary}
        return self._notice("in-doubt", at, title, lines, data, doubts)

    def finished(self, at: str, report: ReportDocument, failure: str | None) -> Notice:
        """How it ended. *failure*: what went wrong in files once all requests were over."""
        counts = ", ".join(f"{n:,} {one}" for one, n in report.summary.items() if n) or "nothing"
        title = f"Finished with exit code {report.exit_code}: {counts}"
        left = tuple(self._targets(report, _WORST))
        data: dict[str, Any] = {
            "exitCode": report.exit_code,
            "startedAt": report.started_at,
            "endedAt": report.ended_at,
            "summary": report.summary,
            "approvals": [foreign(one, _NAME) for one in report.approvals],
        }
        lines = [*_listed(left), words.way_on(report)]
        if failure is not None:
            data["failure"] = foreign(failure)
            lines.append(data["failure"])
        return self._notice("finished", at, title, tuple(filter(None, lines)), data, left)

    def broken_off(self, at: str, said: str, code: int) -> Notice:
        """A run that began and ended without a report."""
        said = foreign(said)
        title = f"Finished with exit code {code}, and without a report"
        data = {"exitCode": code, "failure": said}
        return self._notice("finished", at, title, (said,), data)

    def _targets(
        self, report: ReportDocument, outcomes: tuple[Outcome, ...]
    ) -> Iterator[dict[str, Any]]:
        show = words.Masking.of_report(report, self.plan)
        for outcome in outcomes:
            yield from (_target(one, show) for one in report.targets if one.outcome is outcome)

    def _notice(
        self,
        moment: Moment,
        at: str,
        title: str,
        lines: tuple[str, ...],
        data: Mapping[str, Any],
        targets: tuple[Mapping[str, Any], ...] = (),
    ) -> Notice:
        plan, about = self.plan, self.plan.metadata
        facts = {
            "project": visible(about.project),
            "plan": self.frame.digest,
            "author": None if about.author is None else foreign(about.author, _NAME),
            "commit": None if about.commit is None else foreign(about.commit, _NAME),
            "run": self.frame.run_address,
            "planned": {
                one: getattr(plan.summary, one) for one in ("delete", "refuse", "none", "targets")
            },
        }
        counted = sorted(plan.summary.accounts.items(), key=lambda one: (-one[1].delete, one[0]))
        return Notice(
            moment=moment,
            id=f"{self.id}-{moment}",
            at=at,
            project=visible(about.project),
            plan=self.frame.digest,
            title=title,
            lines=lines,
            run=self.frame.run_address,
            data={**facts, **data},
            accounts=tuple(
                {
                    "account": name,
                    "delete": one.delete,
                    "refuse": one.refuse,
                    "targets": one.targets,
                }
                for name, one in counted
            ),
            targets=targets,
        )


def foreign(text: str, most: int = _SENTENCE) -> str:
    """Foreign *text* made visible and capped."""
    return cap(visible(text), most)


def _target(one: TargetReport, show: words.Masking) -> dict[str, Any]:
    part = show.part(one)
    known = Target(visible(one.account), visible(one.id), None if part is None else visible(part))
    return {
        "target": cap(str(known), 2 * _NAME),
        "name": None if one.name is None else foreign(one.name, _NAME),
        "outcome": str(one.outcome),
        "detail": None if one.detail is None else foreign(show.sentence(one.detail)),
    }


def _listed(targets: tuple[Mapping[str, Any], ...], most: int = 10) -> list[str]:
    """The first of *targets*, a line each."""
    lines = [
        f"{one['outcome']}: {one['target']}" + (f" ({one['detail']})" if one["detail"] else "")
        for one in targets[:most]
    ]
    left = len(targets) - most
    return [*lines, f"and {left:,} more"] if left > 0 else lines


def _some(names: list[str], most: int = 5) -> str:
    left = len(names) - most
    return ", ".join(map(visible, names[:most])) + (
        f" and {words.count(left, 'more account')}" if left > 0 else ""
    )

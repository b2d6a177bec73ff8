"""What the page tells: every action of a plan, and after an apply what became of its targets."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from reconciler.model import Action, Outcome, PlanDocument, ReportDocument, Source, TargetReport
from reconciler.plan.spool import grouped
from reconciler.safe import cap, visible
from reconciler.views import words
from reconciler.views.askers import Asker, Askers, place

# What a row counts as in the drawings. Of a plan: what is planned. After an apply: what happened,
# the worst first, and `left` for what the plan never asked to delete.
PLANNED = (("delete", "to delete"), ("refuse", "refused"), ("none", "untouched"))
HAPPENED = (
    ("doubt", "in doubt"),
    ("open", "not done"),
    ("done", "gone"),
    ("left", "left alone"),
)
_SERIES = {
    Outcome.DELETED: "done",
    Outcome.ALREADY_ABSENT: "done",
    Outcome.REFUSED: "open",
    Outcome.DRIFTED: "open",
    Outcome.PENDING: "open",
    Outcome.IN_DOUBT: "doubt",
}
MOST = 400  # characters of one text of the page
OUTCOMES = tuple(Outcome)  # the worst is last
_WORST = {outcome: at for at, outcome in enumerate(OUTCOMES)}


class PageRow(msgspec.Struct, frozen=True):
    """A row. *action* None: the report is shown without its plan. *targets*: of a report only."""

    account: str
    driver: str
    id: str | None
    name: str | None
    sources: tuple[Source, ...]
    action: Action | None
    targets: tuple[TargetReport, ...]

    @property
    def kind(self) -> str:
        return self.action.action if self.action else "delete"

    @property
    def outcome(self) -> Outcome | None:
        """The worst that happened to a target of it; None if it has none."""
        return max((one.outcome for one in self.targets), key=_WORST.__getitem__, default=None)


class Story(msgspec.Struct, frozen=True):
    """A plan, the report of its apply, or both; with what it takes to show them."""

    plan: PlanDocument | None
    report: ReportDocument | None
    askers: Askers
    show: words.Masking
    now: datetime | None

    @classmethod
    def of(cls, plan: PlanDocument | None, report: ReportDocument | None) -> "Story":
        files = plan.inputs.manifests if plan else report.manifests if report else ()
        if report is not None:
            show = words.Masking.of_report(report, plan)
        else:
            assert plan is not None
            show = words.Masking(frozenset(), words.plan_masker(plan))
        time = plan.metadata.created_at if plan else report.started_at if report else None
        return cls(plan, report, Askers(files), show, words.instant(time))

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """The keys and words of what rows count as."""
        return HAPPENED if self.report else PLANNED

    def series_of(self, entry: PageRow) -> str:
        outcome = entry.outcome
        if outcome is not None:
            return _SERIES[outcome]
        return "left" if self.report else entry.kind

    def entries(self) -> Iterator[PageRow]:
        """In the plan's order; targets of a report that no action is known for come last."""
        targets = self.report.targets if self.report else ()
        found = {(one.account, one.id, one.part): one for one in targets}
        for action in self.plan.actions if self.plan else ():
            mine = []
            if action.action == "delete" and found:
                for part in action.parts or (None,):
                    one = found.pop((action.account, action.id or "", part), None)
                    mine += [] if one is None else [one]
            yield PageRow(
                action.account,
                action.driver,
                action.id,
                action.name,
                action.sources,
                action,
                tuple(mine),
            )
        yield from _bare(found.values())

    def grouped(self) -> Mapping[Asker, Iterable[tuple[int, PageRow]]]:
        """Each asker's entries with their numbers, in the order of `askers.place`, to go through
        once. Those of a plan alone are not held."""
        if self.plan is not None and self.report is None:
            picked = grouped(self.plan.actions, self.askers.of)
            return {
                asker: zip(picked[asker].places, map(_planned, picked[asker]), strict=True)
                for asker in sorted(picked, key=place)
            }
        found: dict[Asker, list[tuple[int, PageRow]]] = {}
        for number, entry in enumerate(self.entries()):
            found.setdefault(self.askers.of(entry), []).append((number, entry))
        return {asker: found[asker] for asker in sorted(found, key=place)}

    def key(self, account: str, id_: str | None) -> str:
        """`ACCOUNT/ID`, by which the page finds a row; see `key` of `data.js`."""
        return "/".join(
            re.sub("[%/#]", lambda found: f"%{ord(found[0]):02X}", visible(cap(part, MOST)))
            for part in (account, id_ or "")
        )


def _planned(action: Action) -> PageRow:
    return PageRow(
        action.account, action.driver, action.id, action.name, action.sources, action, ()
    )


def _bare(targets: Iterable[TargetReport]) -> Iterator[PageRow]:
    by_campaign: dict[tuple[str, str], list[TargetReport]] = {}
    for one in targets:
        by_campaign.setdefault((one.account, one.id), []).append(one)
    for (account, id_), some in by_campaign.items():
        first = some[0]
        yield PageRow(
            account, first.driver or "", id_, first.name, first.sources, None, tuple(some)
        )

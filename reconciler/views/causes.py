"""What stands behind many actions or outcomes at once: a manifest line that asks, a reason, a
detail.

Annotations and code scanning show a line once, so they show causes: each with how many there are
of it and the first few by name.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from reconciler.model import Action, Outcome, ReportDocument, Source, TargetReport
from reconciler.safe import quoted
from reconciler.views import words
from reconciler.views.askers import Askers

# What a report complains of, the worst first.
UNDONE = (Outcome.IN_DOUBT, Outcome.REFUSED, Outcome.DRIFTED, Outcome.PENDING)
_FIRST = 10  # rows a cause keeps to name them


class Cause(msgspec.Struct):
    """One cause, and the first of its rows. *path* and *line* None: nothing is known to ask.

    *ids*: of its campaigns, all of them; a cause of outcomes keeps none.
    """

    kind: str  # delete, refuse, or an outcome
    reason: str  # of a refusal its reason, of an outcome its detail
    account: str
    source: Source | None
    count: int = 0
    targets: int = 0
    first: list[Action | TargetReport] = msgspec.field(default_factory=list)
    ids: list[str] = msgspec.field(default_factory=list)
    message: str | None = None  # what its actions say, if all say the same
    way_out: str | None = None  # what lets its targets go

    @property
    def path(self) -> str | None:
        return self.source.path if self.source else None

    @property
    def line(self) -> int | None:
        return self.source.line if self.source else None

    def add(self, row: Action | TargetReport, targets: int) -> None:
        said = row.message if isinstance(row, Action) else None
        self.message = said if not self.count or said == self.message else None
        self.count += 1
        self.targets += targets
        if len(self.first) < _FIRST:
            self.first.append(row)

    def names(self, most: int) -> str:
        """`"One", "Two" and 3 more`: ids stand for what has no name."""
        shown = [_name(one) for one in self.first[:most]]
        more = self.count - len(shown)
        return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _name(row: Action | TargetReport) -> str:
    return quoted(row.name if row.name is not None else row.id or "", most=80)


def of_actions(actions: Iterable[Action], kind: str) -> list[Cause]:
    """The causes of the actions of *kind*: a deletion's is each line that asks for it; a refusal's
    is its first line, with its reason. In the order they come.
    """
    found: dict[tuple[object, ...], Cause] = {}
    for action in actions:
        if action.action != kind:
            continue
        targets = len(action.targets)
        lines: Sequence[Source | None] = action.sources or (None,)
        for source in lines if kind == "delete" else lines[:1]:
            reason = str(action.reason) if kind == "refuse" else ""
            key = (action.account, source, reason)
            if key not in found:
                found[key] = Cause(kind, reason, action.account, source)
            found[key].add(action, targets)
            found[key].ids.append(action.id or "")
    return list(found.values())


def of_targets(targets: Iterable[TargetReport], show: words.Masking) -> list[Cause]:
    """The causes of outcomes: what happened, why, and the line that asked; the most first."""
    found: dict[tuple[object, ...], Cause] = {}
    for target in targets:
        source = target.sources[0] if target.sources else None
        detail = show.sentence(target.detail or "")
        key = (target.account, source, target.outcome, target.reason, detail)
        if key not in found:
            way_out = words.way_out(target.outcome, target.reason)
            found[key] = Cause(str(target.outcome), detail, target.account, source, way_out=way_out)
        found[key].add(target, 1)
    return sorted(found.values(), key=lambda one: -one.count)


def undone(report: ReportDocument, show: words.Masking) -> Iterator[tuple[Outcome, Cause]]:
    """The causes of all that is not gone, by outcome, the worst first."""
    for outcome in UNDONE:
        some = (target for target in report.targets if target.outcome is outcome)
        yield from ((outcome, one) for one in of_targets(some, show))


def of_whom(cause: Cause) -> str:
    """`push-prod (batch-cep)`: the account of outcomes, and the driver that made them."""
    driver = cause.first[0].driver if cause.first else None
    return f"{cause.account} ({driver})" if driver else cause.account


def behind(cause: Cause, known: Askers) -> str:
    """`Asked for by growth, ticket CHG-1: The season is over`; raw, as the manifest says it."""
    document = known.document(cause.source) if cause.source else None
    if document is None:
        return ""
    said = [f"asked for by {document.owner}" if document.owner else ""]
    said.append(f"ticket {document.ticket}" if document.ticket else "")
    who = ", ".join(filter(None, said))
    why = f": {document.reason}" if document.reason else ""
    return f"{who[:1].upper()}{who[1:]}{why}" if who else (document.reason or "")

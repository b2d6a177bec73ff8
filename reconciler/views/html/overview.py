"""What stands before the rows: who asks, and the campaigns by age, account, status and owner."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec

from reconciler.model import ManifestDocument
from reconciler.safe import cap, visible
from reconciler.views import askers, tally, twice, words
from reconciler.views.askers import Asker
from reconciler.views.html.data import AGES
from reconciler.views.html.story import MOST, Story

_MOST_BARS = 8  # of one drawing; the rest is one bar


class Bar(msgspec.Struct, frozen=True):
    """*href* shows the rows that it counts; None if it stands for several values."""

    label: str
    href: str | None
    counts: tuple[int, ...]  # by series, in the story's order

    @property
    def total(self) -> int:
        return sum(self.counts)


class Chart(msgspec.Struct, frozen=True):
    title: str
    bars: tuple[Bar, ...]

    @property
    def most(self) -> int:
        return max((bar.total for bar in self.bars), default=0)


class Asked(msgspec.Struct, frozen=True):
    """One manifest's part: who asks, and how much."""

    asker: Asker
    bar: Bar
    targets: int

    @property
    def known(self) -> ManifestDocument | None:
        return self.asker.document

    @property
    def missing(self) -> str:
        return askers.missing(self.asker.document)


class Overview(msgspec.Struct, frozen=True):
    """*twice*: how many deletions deserve a second look, by why; empty of a report."""

    rows: int
    totals: tuple[int, ...]  # by series
    asked: tuple[Asked, ...]
    charts: tuple[Chart, ...]
    twice: dict[str, int]


Counts = dict[str, Counter[str]]


def overview(story: Story) -> Overview:
    """One pass over the rows."""
    series = [key for key, _ in story.series]
    asked: dict[Asker, Counter[str]] = {}
    targets: Counter[Asker] = Counter()
    charts: dict[str, Counts] = {"age": {}, "account": {}, "status": {}, "owner": {}}
    rows = 0
    second: Counter[str] = Counter()
    for entry in story.entries():
        rows += 1
        record = entry.action.campaign if entry.action else None
        asker = story.askers.of(entry)
        key = story.series_of(entry)
        if entry.action and not story.report:
            second[twice.second_look(entry.action, story.now) or ""] += 1
        asked.setdefault(asker, Counter())[key] += 1
        if entry.kind == "delete":
            targets[asker] += max(
                len(entry.targets), len(entry.action.targets) if entry.action else 1
            )
        owner = asker.document.owner if asker.document else None
        for chart, value in (
            ("age", tally.age(record, story.now)),
            ("account", entry.account),
            ("status", words.status(record) or tally.UNKNOWN),
            ("owner", owner or ""),
        ):
            charts[chart].setdefault(value, Counter())[key] += 1
    return Overview(
        rows=rows,
        totals=tuple(sum(one[key] for one in asked.values()) for key in series),
        asked=tuple(
            Asked(asker, _bar("manifest", asker.name, asked[asker], series), targets[asker])
            for asker in sorted(asked, key=askers.place)
        ),
        charts=(
            _chart("By last change", "age", charts["age"], series, AGES),
            _chart("By account", "account", charts["account"], series),
            _chart("By status", "status", charts["status"], series),
            _chart("By owner", "owner", charts["owner"], series),
        ),
        twice={why: second[why] for why in twice.WHY if second[why]},
    )


def link(facet: str, value: str) -> str:
    """Where the page shows only the rows whose *facet* is *value*."""
    return "#" + urlencode({facet: visible(cap(value, MOST))})


def _bar(facet: str, value: str, counts: Counter[str], series: Sequence[str]) -> Bar:
    label = value or "no owner"
    return Bar(label, link(facet, value), tuple(counts[key] for key in series))


def _chart(
    title: str,
    facet: str,
    counts: Counts,
    series: Sequence[str],
    order: Sequence[str] | None = None,
) -> Chart:
    """The bars in *order*, else the longest first; what is too much is one bar at the end."""
    if order is not None:
        values = [value for value in order if value in counts]
    else:
        values = sorted(counts, key=lambda value: (-counts[value].total(), value))
    bars = [_bar(facet, value, counts[value], series) for value in values]
    if len(bars) > _MOST_BARS:
        rest = bars[_MOST_BARS - 1 :]
        summed = tuple(map(sum, zip(*(bar.counts for bar in rest), strict=True)))
        bars = [*bars[: _MOST_BARS - 1], Bar(f"{len(rest):,} others", None, summed)]
    return Chart(title, tuple(bars))

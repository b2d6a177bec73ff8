"""The rows as the script reads them: JSON in which nothing ends the element or orders a log."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from reconciler.model import Action, Campaign, Reason, TargetReport
from reconciler.safe import cap, visible
from reconciler.views import tally, twice, words
from reconciler.views.askers import Asker
from reconciler.views.html.story import MOST, OUTCOMES, PageRow, Story

_MOST_PARTS = 100  # of one campaign that are listed
_KINDS = tally.KINDS
AGES = (*(word for word, _ in tally.AGES), tally.UNKNOWN)
REASONS = tuple(str(reason) for reason in Reason)
# What could end the element, an order a log takes, or a line end to a script of old.
_encode = json.JSONEncoder(separators=(",", ":")).encode
_ESCAPED = re.compile(r"[<>&\x7f]|(?<=:):|(?<=#)#")


def shown(value: object) -> object:
    """*value* with all its texts as people may see them."""
    if isinstance(value, str):
        return visible(cap(value, MOST))
    if isinstance(value, Mapping):
        return {shown(key): shown(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    return value


def dumps(value: object) -> str:
    """*value* as ASCII JSON, for a `<script>` element that is never run."""
    text = _encode(value)
    if "\\" in text or len(text) > MOST:  # else it is plain ASCII, and none of it is too long
        text = _encode(shown(value))
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Tables:
    """Texts that many rows share, each by its number."""

    def __init__(self) -> None:
        self.accounts: dict[str, int] = {}
        self.drivers: dict[str, int] = {}
        self.statuses: dict[str, int] = {}
        self.askers: dict[Asker, int] = {}

    def head(self, story: Story) -> dict[str, object]:
        """What the script needs besides rows."""
        return {
            "report": story.report is not None,
            "now": words.day(story.now) or None,
            "expires": story.plan.metadata.expires_at if story.plan else None,
            "accounts": list(self.accounts),
            "drivers": list(self.drivers),
            "statuses": list(self.statuses),
            "kinds": _KINDS,
            "reasons": REASONS,
            "ages": AGES,
            "twice": twice.WHY,
            "outcomes": [str(one) for one in OUTCOMES],
            "lifts": {str(reason): way_out for reason, way_out in words.LIFTS.items()},
            "askers": [_asker(one) for one in self.askers],
        }


def _asker(asker: Asker) -> list[object]:
    known = asker.document
    facts = (
        (known.owner, known.ticket, known.reason, known.not_before, known.until) if known else ()
    )
    return [asker.manifest, asker.path, asker.account, *facts]


def _number(table: dict[str, int], text: str) -> int:
    return table.setdefault(text, len(table))


def rows(story: Story, tables: Tables) -> Iterator[list[object]]:
    """Every row as an array; trailing nothings are left out. *tables* grow on the way."""
    for entry in story.entries():
        row = _row(entry, story, tables)
        while row[-1] is None:
            row.pop()
        yield row


def _row(entry: PageRow, story: Story, tables: Tables) -> list[object]:
    action, record = entry.action, entry.action.campaign if entry.action else None
    asker = tables.askers.setdefault(story.askers.of(entry), len(tables.askers))
    status = words.status(record) or tally.UNKNOWN
    return [
        _KINDS.index(entry.kind),
        REASONS.index(str(action.reason)) if action else -1,
        _number(tables.accounts, entry.account),
        _number(tables.drivers, entry.driver),
        entry.id,
        entry.name,
        _number(tables.statuses, status),
        _day(record.created_at if record else None),
        _day(record.updated_at if record else None),
        AGES.index(tally.age(record, story.now)),
        asker,
        _sources(entry, story, tables),
        *(_said(action, story) if action else (None,) * 4),
        *_recorded(action, record),
        [_target(one, story) for one in entry.targets] or None,
        _twice(action, story),
    ]


def _twice(action: Action | None, story: Story) -> int | None:
    why = twice.second_look(action, story.now) if action and not story.report else None
    return None if why is None else twice.WHY.index(why)


def _sources(entry: PageRow, story: Story, tables: Tables) -> list[list[int]]:
    found = []
    for source in entry.sources:
        asker = story.askers.of_source(entry.account, source)
        found.append([tables.askers.setdefault(asker, len(tables.askers)), source.line])
    return found


def _said(action: Action, story: Story) -> list[object]:
    """Message, waivers, what must be looked at first, channel."""
    mask = story.show.mask
    waivers = [[one.guard, one.until, mask(one.because), one.ticket] for one in action.waivers]
    return [
        mask(action.message) if action.message else None,
        waivers or None,
        words.looked_at(action) or None,
        action.campaign.channel if action.campaign else None,
    ]


def _recorded(action: Action | None, record: Campaign | None) -> list[object]:
    """Parts (what they are, how many, the first of them), and labels."""
    parts: list[object] | None = None
    if action is not None and action.parts:
        listed = list(words.parts(action)[:_MOST_PARTS])
        parts = [words.parts_noun(action), len(action.parts), listed]
    return [parts, (record.labels if record else None) or None]


def _target(target: TargetReport, story: Story) -> list[object]:
    show = story.show
    requests = [[one.at, one.method, show.sentence(one.url), one.status] for one in target.requests]
    return [
        show.part(target),
        OUTCOMES.index(target.outcome),
        words.told(target, show) or None,
        target.evidence,
        requests,
        target.copy,
    ]


def _day(moment: datetime | None) -> str | None:
    return words.day(moment) or None

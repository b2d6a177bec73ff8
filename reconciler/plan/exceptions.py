"""Exceptions that nobody can judge: a keep or a protection asks for what is unknown of a record.

An absence needs what it asks for; an exception does not. It holds until somebody has looked (spec
§2.2): where the driver's look shows the field, the plan says what must be seen first, else the
campaign is refused. Pure.
"""

from collections.abc import Iterable, Sequence

from reconciler.declare.known import unknown
from reconciler.declare.manifest import Entry, Selector
from reconciler.declare.project import Protect
from reconciler.driver import Driver
from reconciler.model import AccountFacts, Campaign, LookFirst, Reason, Status
from reconciler.plan.conditions import is_dated, labels_of
from reconciler.plan.matching import nameless
from reconciler.plan.names import nfc

Origin = Entry | Protect

_TIMES = (
    ("createdAt", "created_at", ("created_before", "created_after", "older_than", "newer_than")),
    (
        "updatedAt",
        "updated_at",
        ("updated_before", "updated_after", "not_updated_for", "updated_within"),
    ),
)


def lacking(selector: Selector, record: Campaign) -> list[str]:
    """The fields that *selector* asks for and *record* lacks, by their names in an inventory."""
    found: list[str] = []
    if selector.status is not None and record.status in (None, Status.UNKNOWN):
        found.append("status")
    if selector.channel is not None and record.channel is None:
        found.append("channel")
    found += [f"labels.{key}" for key in _labels(selector) if not labels_of(record, nfc(key))]
    for field, name, conditions in _TIMES:
        asked = any(getattr(selector, one) is not None for one in conditions)
        if asked and getattr(record, name) is None:
            found.append(field)
    return list(dict.fromkeys(found))


def _labels(selector: Selector) -> list[str]:
    """The labels that *selector* asks for, by value or by date."""
    return [*(selector.labels or ()), *_dates(selector)]


def _dates(selector: Selector) -> list[str]:
    return [*(selector.label_before or ()), *(selector.label_after or ())]


def _unreadable(selector: Selector, record: Campaign) -> set[str]:
    """The labels that should hold a date, and hold something else: as good as unknown."""
    return {
        f"labels.{key}"
        for key in _dates(selector)
        if not all(map(is_dated, labels_of(record, nfc(key))))
    }


def may_hold(
    origins: Iterable[Origin], record: Campaign, facts: AccountFacts | None
) -> tuple[LookFirst, ...]:
    """What must be seen of *record* before any of *origins* is known not to hold.

    *origins* are exceptions of which nothing fails and something is missing in *record*. One that
    asks for a field which the record is known not to have does not hold.
    """
    found = []
    for origin in origins:
        fields, unreadable = _missing(origin, record, facts)
        if all(field in unreadable or unknown(record, facts, field) for field in fields):
            found += [_first(origin, field) for field in fields]
    return tuple(found)


def _missing(
    origin: Origin, record: Campaign, facts: AccountFacts | None
) -> tuple[list[str], set[str]]:
    """The fields that *origin* asks for and nobody can read in *record*; those that are odd."""
    fields, unreadable = [], set()
    if origin.match is not None:
        unreadable = _unreadable(origin.match, record)
        fields = list(dict.fromkeys([*lacking(origin.match, record), *sorted(unreadable)]))
    if _name_fails(origin, record):
        if not unknown(record, facts, "name"):
            return [], set()  # it is known what it is called: not so
        fields.append("name")
    return fields, unreadable


def _name_fails(origin: Origin, record: Campaign) -> bool:
    """Whether *origin* asks for another name than the one that *record* shows."""
    match = origin.match
    if match is None:
        return origin.name is not None and nfc(origin.name) != nfc(record.name)
    if match.name is None and match.name_regex is None:
        return False
    if not nameless(record):
        return False
    from reconciler.plan.patterns import Patterns

    return not Patterns([("", 0, match)]).of([nfc(record.name)], [""])


def _first(origin: Origin, field: str) -> LookFirst:
    kept = isinstance(origin, Entry)
    because = Reason.KEPT if kept else Reason.PROTECTED
    return LookFirst(because=because, field=field, path=origin.path, line=origin.line)


def shown(driver: Driver) -> tuple[str, ...]:
    """The fields that a look at one campaign shows."""
    if driver.look is not None:
        return driver.look_fields
    return driver.fields if driver.list is not None else ()


def unseen(first: Sequence[LookFirst], driver: Driver) -> tuple[LookFirst, ...]:
    """Those of *first* that no look of *driver* clears."""
    fields = shown(driver)
    return tuple(one for one in first if not _covers(fields, one.field))


def _covers(fields: Sequence[str], field: str) -> bool:
    return field in fields or (field.startswith("labels.") and "labels" in fields)


def refusal(first: Sequence[LookFirst]) -> tuple[Reason, str]:
    """Why a campaign is refused of which *first* stays unknown, and the way out; a keep first."""
    because = Reason.KEPT if any(one.because is Reason.KEPT for one in first) else Reason.PROTECTED
    mine = [one for one in first if one.because is because]
    verb = "keeps" if because is Reason.KEPT else "protects"
    fields = ", ".join(dict.fromkeys(one.field for one in mine))
    places = ", ".join(dict.fromkeys(f"{one.path}:{one.line}" for one in mine))
    return because, (
        f"nobody knows whether {places} {verb} it: the inventory does not say {fields}, and the"
        f" vendor does not show it; give {fields} (`fields` in the header, or a column)"
        + ("; `labels: {}` says that there are none" if "labels" in fields else "")
    )


def seen_over(planned: Campaign | None, seen: Campaign, fields: Sequence[str]) -> Campaign:
    """*seen*, with what a look does not show taken from the *planned* record."""
    if planned is None:
        return seen
    return Campaign(
        account=seen.account,
        id=seen.id,
        name=seen.name if seen.name or "name" in fields else planned.name,
        status=seen.status if seen.status is not None else planned.status,
        channel=seen.channel if seen.channel is not None else planned.channel,
        created_at=seen.created_at or planned.created_at,
        updated_at=seen.updated_at or planned.updated_at,
        labels=seen.labels if seen.labels is not None or "labels" in fields else planned.labels,
        unknown=seen.unknown,
    )

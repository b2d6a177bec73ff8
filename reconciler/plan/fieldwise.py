"""How two actions on one campaign differ, field by field; and what else two plans say. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from reconciler.model import Action, Campaign, PlanDocument, Source
from reconciler.plan.compared import ActionChange, FieldChange, Path

if TYPE_CHECKING:  # reading an inventory is not pure; only the shape is needed
    from reconciler.inventory.diff import Change

RecordChanges = Callable[[Campaign, Campaign], "Sequence[Change]"]
_LISTS = ("parts", "look_first", "sources", "waivers")
_RECORD_LISTS = ("phone_numbers", "message_ids")


def compared(one: ActionChange, record_changes: RecordChanges) -> ActionChange | None:
    """*one* with the fields that differ; None if only the lines that ask do."""
    before, after = one.before, one.after
    if before is None or after is None:
        return one
    fields = tuple(_fields(before, after, record_changes))
    lines = [one.path for one in fields] == [("sources",)]
    if lines and _askers(before.sources) == _askers(after.sources):
        return None
    return ActionChange(before, after, fields)


def _askers(sources: Iterable[Source]) -> Counter[tuple[str, str]]:
    return Counter((one.path, one.manifest) for one in sources)


def _fields(before: Action, after: Action, record_changes: RecordChanges) -> Iterator[FieldChange]:
    for name in ("action", "reason", "message", "name", "driver"):
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            yield FieldChange((name,), was, now)
    listed = [
        found
        for name in _LISTS
        for found in _list((_camel(name),), getattr(before, name), getattr(after, name))
    ]
    yield from listed
    told = [(one.before, one.after) for one in listed]
    for one in _record(before.campaign, after.campaign, record_changes):
        if (one.before, one.after) not in told:  # of parts, the record says the same again
            yield one


def _list(path: Path, before: Sequence[Any] | None, after: Sequence[Any] | None) -> Iterator[Any]:
    if before == after:
        return
    was, now = set(before or ()), set(after or ())
    gone = [one for one in before or () if one not in now]
    came = [one for one in after or () if one not in was]
    if gone or came:
        yield FieldChange(path, msgspec.to_builtins(gone), msgspec.to_builtins(came))


def _record(
    before: Campaign | None, after: Campaign | None, record_changes: RecordChanges
) -> Iterator[FieldChange]:
    if before == after:
        return
    if before is None or after is None:
        yield FieldChange(("campaign",), *(_plain(one) for one in (before, after)))
        return
    for name in _RECORD_LISTS:
        yield from _list(("campaign", _camel(name)), getattr(before, name), getattr(after, name))
    # What a plan was told to leave out is no change.
    both = before.attributes is not None and after.attributes is not None
    without = dict.fromkeys([*_RECORD_LISTS, *([] if both else ["attributes"])])
    was, now = (
        msgspec.structs.replace(one, labels=one.labels or {}, **without) for one in (before, after)
    )
    for change in record_changes(was, now):
        yield FieldChange(("campaign", *change.path), change.before, change.after)


def _plain(one: Campaign | None) -> Any:
    return None if one is None else msgspec.to_builtins(one)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


# ---------------------------------------------------------------- what else differs


def facts(before: PlanDocument, after: PlanDocument) -> Iterator[FieldChange]:
    """What differs of accounts, files, approvals, and how each was made."""
    was, now = (dict(_told(plan)) for plan in (before, after))
    for path in [*now, *(path for path in was if path not in now)]:
        if was.get(path) != now.get(path):
            yield FieldChange(path, was.get(path), now.get(path))


def _told(plan: PlanDocument) -> Iterator[tuple[Path, Any]]:
    """What both plans say of everything but actions: (path, value)."""
    for name in ("project", "author", "commit", "tool"):
        yield ("metadata", name), getattr(plan.metadata, name)
    yield ("approvals", "required"), plan.approvals.required
    for name, account in plan.accounts.items():
        for field in account.__struct_fields__:
            yield ("accounts", name, _camel(field)), getattr(account, field)
    inputs = plan.inputs
    for kind, files in (
        ("project", (inputs.project,)),
        ("manifests", inputs.manifests),
        ("inventory", inputs.inventory),
    ):
        for file in files:
            yield ("inputs", kind, file.path), file.sha256
    yield ("estimate", "requests"), plan.estimate.requests
    yield ("estimate", "seconds"), plan.estimate.seconds

"""Saved plan ∩ fresh plan ∩ journal: what may still be sent, and why the rest may not. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from reconciler.apply.twins import DOUBLE
from reconciler.lanes.journal import NOTHING, State
from reconciler.lanes.work import Fate, drifted
from reconciler.model import Action, Campaign, Held, Outcome, PlanDocument, Reason, Target
from reconciler.plan.sameness import difference

_WITHDRAWN = (Reason.KEPT, Reason.EXPIRED, Reason.NOT_YET)


@dataclass(frozen=True, slots=True)
class MergeFacts:
    """What the merge stands on, besides the two plans.

    *by_name*: accounts whose vendor goes by name. *captured*: when each account's inventory of
    today was captured. *complete*: accounts whose inventory of today is complete. *witnessed*:
    accounts of which it still lists a record that is not in the plan. *revived*: targets that a
    waiver lets go though they came back. *listed*: the planned campaigns that today's inventory
    lists, by (account, id), whether anybody asks for them or not. *declared*: those of the others
    that today's absences would still ask for if they were listed. *asking*: the digests of the
    absences that ask for a campaign today (`plan.asked.words`). *lookable*: accounts that can be
    looked at. *now*: what is stamped later than that was stamped by a clock gone wrong. *doubles*:
    targets for which another one stands (`twins.doubles`).
    """

    by_name: Collection[str]
    captured: Mapping[str, datetime | None]
    complete: Collection[str]
    witnessed: Collection[str]
    revived: Collection[Target]
    listed: Mapping[tuple[str, str], Campaign]
    declared: Collection[tuple[str, str]]
    asking: Mapping[tuple[str, str], Collection[str]]
    lookable: Collection[str]
    now: datetime
    doubles: Collection[Target] = ()


class PlanTarget(msgspec.Struct, frozen=True):
    """One target of the saved plan: *fate* None means that it may be sent.

    *state* is what the journal knows of its present life (a revived target starts anew).
    *campaign* is the record as it is today (in an agenda only of what the plan has no record).
    *suspect*: it was deleted, and nobody can tell from the times whether it has come back since:
    only a look can. *first*: today's plan says that an exception may hold for it until a look has
    told. *double*: another target, which is the same thing, stands for it; what the journal knows
    is told of that one. *left_out*: its fate in this run, which leaves it out; *taken*: whether the
    run is about it all the same, if it is in doubt. *asked*: the digests of the absences that ask
    for it today.
    """

    action: Action
    target: Target
    state: State
    fate: Fate | None
    campaign: Campaign | None
    suspect: bool = False
    first: bool = False
    double: bool = False
    left_out: Fate | None = None
    taken: bool = True
    asked: tuple[str, ...] = ()

    @property
    def fate_now(self) -> Fate | None:
        """Its fate before anything is sent; None: it may be sent."""
        return self.fate or self.left_out

    @property
    def working(self) -> bool:
        """Whether something is still to be done about it: it is sent, or its doubt is settled."""
        return self.fate_now is None or (self.in_doubt and self.taken)

    @property
    def in_doubt(self) -> bool:
        """A request for it may have happened; it is settled first, whatever the plans say."""
        return self.state.outcome is Outcome.IN_DOUBT


def inventory_of(plan: PlanDocument) -> tuple[str, ...]:
    """The digests of the inventory files of *plan*."""
    return tuple(sorted({file.sha256 for file in plan.inputs.inventory}))


def known_fate(
    plan: PlanDocument, digest: str, action: Action, state: State, now: datetime
) -> Fate | None:
    """The final fate that the journal gives a target under *plan*, without a word of today's files.

    None if there is none, or if it may have come back.
    """
    if state.outcome is None or not state.outcome.final:
        return None
    if state.plan == digest:
        return Fate(state.outcome, state.detail, state.evidence)
    if came_back(plan, action, state, now) is not False:
        return None
    return Fate(Outcome.ALREADY_ABSENT, f"{state.outcome} by an earlier plan", state.evidence)


def came_back(plan: PlanDocument, action: Action, state: State, now: datetime) -> bool | None:
    """Whether the inventory that proposes a deleted target was captured after its deletion.

    None if nobody can tell: a time is missing, or stamped by a clock that ran ahead.
    """
    if action.campaign is None or action.reason is Reason.UNLISTED:
        return False
    if set(inventory_of(plan)) == set(state.inventory):
        return False  # the very bytes that proposed it before
    captured = plan.accounts[action.account].captured_at
    if captured is None or state.at is None or state.at > now:
        return None
    return datetime.fromisoformat(captured) >= state.at


def _returned(
    plan: PlanDocument, action: Action, target: Target, state: State, facts: MergeFacts
) -> tuple[Fate | None, bool]:
    """Of a target that may have come back: its fate if that is known, and whether to look first.

    It may be deleted again by a waiver, or if an absence asks for it that did not ask before.
    """
    asking = facts.asking.get((target.account, target.id), ())
    # Where nobody knows who asked before, nobody can say that it is asked anew.
    anew = bool(state.asked) and not set(asking) <= set(state.asked)
    if target in facts.revived or anew:
        return None, False
    if came_back(plan, action, state, facts.now):
        return drifted(Held.RESURRECTED, "inventory"), False
    if target.account in facts.lookable:
        return None, True
    said = "the times cannot tell whether it came back, and nobody can look"
    return drifted(Held.RESURRECTED, None, said), False


def merge(
    saved: PlanDocument,
    digest: str,
    fresh: PlanDocument,
    states: Mapping[Target, State],
    facts: MergeFacts,
) -> list[PlanTarget]:
    """Every target that *saved* deletes, in its order, with what may become of it today."""
    today = _by_campaign(fresh)
    words: dict[int, tuple[str, ...]] = {}  # the same absences ask for many
    merged: list[PlanTarget] = []
    for action in saved.actions:
        if action.action != "delete":
            continue
        key = action.account, action.id or ""
        found, targets = today.get(key, []), action.targets
        asking = facts.asking.get(key, ())
        asked = words.get(id(asking))
        if asked is None:
            asked = words[id(asking)] = tuple(sorted(asking))
        records = [one.campaign for one in found if one.campaign is not None]
        record = records[0] if records else None
        first = any([one.look_first for one in found])
        gone = [one.part for one in targets if one in states and _final(states[one])]
        for target in targets:
            known = state = states.get(target, NOTHING)
            fate, suspect = known_fate(saved, digest, action, state, facts.now), False
            if fate is None and _final(state):
                fate, suspect = _returned(saved, action, target, state, facts)
                known = NOTHING  # it may have come back, and may be deleted anew
            if fate is None:
                fate = _drift(action, target, found, gone, saved, facts)
            if (double := target in facts.doubles) and fate is None:
                fate = DOUBLE
            merged.append(
                PlanTarget(action, target, known, fate, record, suspect, first, double, asked=asked)
            )
    return merged


def _final(state: State) -> bool:
    return state.outcome is not None and state.outcome.final


def _by_campaign(plan: PlanDocument) -> dict[tuple[str, str], list[Action]]:
    found: dict[tuple[str, str], list[Action]] = {}
    for action in plan.actions:
        if action.id is not None:
            found.setdefault((action.account, action.id), []).append(action)
    return found


def _drift(
    action: Action,
    target: Target,
    today: Sequence[Action],
    gone: Collection[str | None],
    saved: PlanDocument,
    facts: MergeFacts,
) -> Fate | None:
    record = facts.listed.get((target.account, target.id))
    if len(today) == 1 and today[0].action == "delete" and today[0].parts is None:  # as nearly all
        return _changed(action.campaign, record, gone, facts, action.account)
    others = [one for one in today if one.action != "delete" and _about(one, target)]
    if others and any(one.action == "none" and one.reason in _WITHDRAWN for one in others):
        return drifted(Held.WITHDRAWN, None)
    changed = _changed(action.campaign, record, gone, facts, action.account)
    if changed is not None:
        return changed
    if any([one.action == "delete" and _about(one, target) for one in today]):
        return None
    if others and others[0].reason is not Reason.ABSENT:
        return drifted(Held(others[0].reason.value), "inventory")
    if record is None and action.campaign is not None:
        fate = _no_longer_listed(action.account, saved, facts)
        if fate.outcome.final or others or (target.account, target.id) in facts.declared:
            return fate
    elif others:
        return _no_longer_listed(action.account, saved, facts)
    return drifted(Held.WITHDRAWN, None)


def _about(action: Action, target: Target) -> bool:
    return action.parts is None or target.part is None or target.part in action.parts


def _changed(
    planned: Campaign | None,
    now: Campaign | None,
    gone: Collection[str | None],
    facts: MergeFacts,
    account: str,
) -> Fate | None:
    if planned is None or now is None or planned == now:  # as nearly every record is
        return None
    found = difference(planned, now, by_name=account in facts.by_name, parts=False)
    if found is not None:
        return drifted(Held(found.kind), "inventory", found.detail)
    for name, shown in (("phone_numbers", "phoneNumbers"), ("message_ids", "messageIds")):
        before, after = getattr(planned, name), getattr(now, name)
        if before is not None and after is not None and set(before) - set(after) - set(gone):
            said = f"{shown}: some planned ones are no longer in the record"
            return drifted(Held.CHANGED, "inventory", said)
        if before is not None and after is not None and set(after) - set(before):
            return drifted(Held.CHANGED, "inventory", f"{shown}: some are new in the record")
    return None


def _no_longer_listed(account: str, saved: PlanDocument, facts: MergeFacts) -> Fate:
    """A newer complete inventory, seen to be the right one, no longer lists it: it is gone."""
    before = saved.accounts[account].captured_at
    now = facts.captured.get(account)
    newer = before is not None and now is not None and now > datetime.fromisoformat(before)
    if newer and account in facts.complete and account in facts.witnessed:
        said = "no longer in a newer, complete inventory"
        return Fate(Outcome.ALREADY_ABSENT, said, "inventory")
    return drifted(Held.CHANGED, "inventory", "no longer in the inventory")

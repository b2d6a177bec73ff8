"""Saved plan ∩ fresh plan ∩ journal: what may still be sent, and why the rest may not. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.lanes.journal import NOTHING, State
from reconciler.lanes.work import Fate
from reconciler.model import Action, Campaign, Outcome, Plan, Reason, Target
from reconciler.plan.sameness import difference

_WITHDRAWN = (Reason.KEPT, Reason.EXPIRED)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the merge stands on, besides the two plans.

    *by_name*: accounts whose vendor goes by name. *captured*: when each account's inventory of
    today was captured. *complete*: accounts whose inventory of today is complete. *witnessed*:
    accounts of which it still lists a record that is not in the plan. *revived*: targets that a
    waiver lets go though they came back. *listed*: the planned campaigns that today's inventory
    lists, by (account, id), whether anybody asks for them or not.
    """

    by_name: Collection[str]
    captured: Mapping[str, datetime | None]
    complete: Collection[str]
    witnessed: Collection[str]
    revived: Collection[Target]
    listed: Mapping[tuple[str, str], Campaign]


@dataclass(frozen=True, slots=True)
class Planned:
    """One target of the saved plan: *fate* None means that it may be sent.

    *state* is what the journal knows of its present life (a revived target starts anew).
    *campaign* is the record as it is today.
    """

    action: Action
    target: Target
    state: State
    fate: Fate | None
    campaign: Campaign | None

    @property
    def in_doubt(self) -> bool:
        """A request for it may have happened; it is settled first, whatever the plans say."""
        return self.state.outcome is Outcome.IN_DOUBT


def digests_of(plan: Plan, action: Action) -> tuple[str, ...]:
    """The digests of the manifests that ask for *action*."""
    known = {file.path: file.sha256 for file in plan.inputs.manifests}
    return tuple(sorted({known[s.path] for s in action.sources if s.path in known}))


def inventory_of(plan: Plan) -> tuple[str, ...]:
    """The digests of the inventory files of *plan*."""
    return tuple(sorted({file.sha256 for file in plan.inputs.inventory}))


def finished(
    plan: Plan,
    digest: str,
    action: Action,
    target: Target,
    state: State,
    revived: Collection[Target] = (),
) -> Fate | None:
    """The final fate that the journal gives *target* under *plan*; None if there is none.

    Deleted at T: already absent if the inventory that proposes it was captured before T (or is the
    same one, or does not list it at all); captured later, it has come back.
    """
    if state.outcome is None or not state.outcome.final:
        return None
    if state.plan == digest:
        return Fate(state.outcome, state.detail, state.evidence)
    if not _came_back(plan, action, state):
        said = f"{state.outcome} by an earlier plan"
        return Fate(Outcome.ALREADY_ABSENT, said, state.evidence)
    if target in revived or set(digests_of(plan, action)) - set(state.digests):
        return None
    return Fate(Outcome.DRIFTED, "resurrected", "inventory")


def _came_back(plan: Plan, action: Action, state: State) -> bool:
    if action.campaign is None or action.reason is Reason.UNLISTED:
        return False
    if set(inventory_of(plan)) == set(state.inventory):
        return False
    captured = plan.accounts[action.account].captured_at
    return captured is None or state.at is None or datetime.fromisoformat(captured) >= state.at


def merge(
    saved: Plan, digest: str, fresh: Plan, states: Mapping[Target, State], ground: Ground
) -> list[Planned]:
    """Every target that *saved* deletes, in its order, with what may become of it today."""
    today = _by_campaign(fresh)
    merged: list[Planned] = []
    for action in saved.actions:
        if action.action != "delete":
            continue
        found = today.get((action.account, action.id or ""), [])
        gone = {
            target.part
            for target in action.targets
            if (one := states.get(target)) is not None and one.outcome and one.outcome.final
        }
        for target in action.targets:
            state = states.get(target, NOTHING)
            fate = finished(saved, digest, action, target, state, ground.revived)
            known = state
            if fate is None and state.outcome is not None and state.outcome.final:
                known = NOTHING  # it has come back, and may be deleted anew
            record = next((one.campaign for one in found if one.campaign is not None), None)
            if fate is None:
                fate = _drift(action, target, found, gone, (saved, fresh), ground)
            merged.append(Planned(action, target, known, fate, record))
    return merged


def _by_campaign(plan: Plan) -> dict[tuple[str, str], list[Action]]:
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
    plans: tuple[Plan, Plan],
    ground: Ground,
) -> Fate | None:
    others = [one for one in today if one.action != "delete" and _about(one, target)]
    if any(one.reason in _WITHDRAWN for one in others):
        return Fate(Outcome.DRIFTED, "withdrawn", None)
    record = ground.listed.get((target.account, target.id))
    changed = _changed(action.campaign, record, gone, ground, action.account)
    if changed is not None:
        return Fate(Outcome.DRIFTED, changed, "inventory")
    if any(one.action == "delete" and target in one.targets for one in today):
        return None
    if others and others[0].reason is not Reason.ABSENT:
        return Fate(Outcome.DRIFTED, others[0].reason.value, "inventory")
    if record is None and action.campaign is not None:
        fate = _no_longer_listed(action.account, plans[0], ground)
        if fate.outcome.final or others or _still_declared(action, *plans):
            return fate
    elif others:
        return _no_longer_listed(action.account, plans[0], ground)
    return Fate(Outcome.DRIFTED, "withdrawn", None)


def _still_declared(action: Action, saved: Plan, fresh: Plan) -> bool:
    """Whether a manifest that asked is as it was: then the inventory has changed, and not it."""
    return not set(digests_of(saved, action)).isdisjoint(digests_of(fresh, action))


def _about(action: Action, target: Target) -> bool:
    return action.parts is None or target.part is None or target.part in action.parts


def _changed(
    planned: Campaign | None,
    now: Campaign | None,
    gone: Collection[str | None],
    ground: Ground,
    account: str,
) -> str | None:
    if planned is None or now is None:
        return None
    found = difference(planned, now, by_name=account in ground.by_name, parts=False)
    if found is not None:
        return f"{found.kind}: {found.detail}"
    for name, shown in (("phone_numbers", "phoneNumbers"), ("message_ids", "messageIds")):
        before, after = getattr(planned, name), getattr(now, name)
        if before is not None and after is not None and set(before) - set(after) - set(gone):
            return f"changed: {shown}: some planned ones are no longer in the record"
        if before is not None and after is not None and set(after) - set(before):
            return f"changed: {shown}: some are new in the record"
    return None


def _no_longer_listed(account: str, saved: Plan, ground: Ground) -> Fate:
    """A newer complete inventory, seen to be the right one, no longer lists it: it is gone."""
    before = saved.accounts[account].captured_at
    now = ground.captured.get(account)
    newer = before is not None and now is not None and now > datetime.fromisoformat(before)
    if newer and account in ground.complete and account in ground.witnessed:
        said = "no longer in a newer, complete inventory"
        return Fate(Outcome.ALREADY_ABSENT, said, "inventory")
    return Fate(Outcome.DRIFTED, "changed: no longer in the inventory", "inventory")

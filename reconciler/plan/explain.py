"""Why a campaign is, or is not, in the plan: everything that looked at it, with its verdict."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from reconciler.declare.manifest import Entry, Manifest, Selector
from reconciler.declare.project import Protect, Waiver
from reconciler.driver import by_key
from reconciler.model import API_VERSION, Action, Campaign, PlanDocument, Struct, Target
from reconciler.plan.asked import Origin, protects_of
from reconciler.plan.asking import Ask, asks
from reconciler.plan.coverage import Coverage, cover
from reconciler.plan.guards import metadata, protect, running
from reconciler.plan.guards.texts import today
from reconciler.plan.guards.waivers import parts_of
from reconciler.plan.lines import harmless
from reconciler.plan.matching import Matcher, Question, nfc

if TYPE_CHECKING:  # reading is not pure; only the shape is needed
    from reconciler.plan.today import FreshPlan

Kind = Literal["absence", "keep", "protect", "guard", "waiver"]


class Look(Struct, frozen=True, kw_only=True):
    """One thing that looked at the campaign. *holds*: None if nobody can say.

    *what* is the rule as written; *verdict* what it says of this campaign, in words.
    """

    kind: Kind
    manifest: str | None
    path: str | None
    line: int | None
    what: str
    holds: bool | None
    verdict: str


class Explanation(Struct, frozen=True, kw_only=True):
    """Everything about one campaign. *others*: entries that name other campaigns by id or name.

    *actions* are the plan's; none means that nobody asks for it.
    """

    api_version: str
    kind: Literal["Explanation"]
    target: str
    account: str
    id: str
    part: str | None
    listed: bool
    verdict: str
    campaign: Campaign | None
    actions: tuple[Action, ...]
    looks: tuple[Look, ...]
    others: int


def question(target: Target) -> Question:
    """What to ask of the inventory besides, so that the campaign's record is among the answers."""
    return Question("absent", target.account, id=target.id)


def anyone(text: str, accounts: Iterable[str]) -> list[Question]:
    """What to ask of the inventory besides, to find whose id or name *text* is."""
    asked = []
    for account in sorted(accounts):
        asked += [
            Question("absent", account, id=text),
            Question("absent", account, name=text),
        ]
    return asked


def explanation(target: Target, known: "FreshPlan") -> Explanation:
    """Why *target*'s campaign is, or is not, in the plan *known*.

    When that was made, `question(target)` was asked as well.
    """
    hit = known.matches.hits.get((target.account, target.id))
    record = hit.campaign if hit is not None else None
    actions = tuple(one for one in known.plan.actions if _about(one, target))
    entries = tuple(_entries(target, record, known))
    looks = (
        *(look for look in entries if look is not None),
        *_guards(target, record, known),
        *_waivers(target, known),
    )
    return Explanation(
        api_version=API_VERSION,
        kind="Explanation",
        target=str(target),
        account=target.account,
        id=target.id,
        part=target.part,
        listed=record is not None,
        verdict=_verdict(actions, target, known.plan),
        campaign=record,
        actions=actions,
        looks=looks,
        others=sum(look is None for look in entries),
    )


def masked(explanation: Explanation, number: Callable[[str], str]) -> Explanation:
    """*explanation* with every phone number of records and actions as *number* shows it."""
    return msgspec.structs.replace(
        explanation,
        campaign=_masked(explanation.campaign, number),
        actions=tuple(
            msgspec.structs.replace(
                one, parts=_parts(one, number), campaign=_masked(one.campaign, number)
            )
            for one in explanation.actions
        ),
    )


def _parts(action: Action, number: Callable[[str], str]) -> tuple[str, ...] | None:
    messages = action.campaign is not None and action.campaign.message_ids
    if action.parts is None or messages:
        return action.parts
    return tuple(map(number, action.parts))


def _masked(campaign: Campaign | None, number: Callable[[str], str]) -> Campaign | None:
    if campaign is None or campaign.phone_numbers is None:
        return campaign
    return msgspec.structs.replace(
        campaign, phone_numbers=tuple(map(number, campaign.phone_numbers))
    )


def dumps(explanation: Explanation) -> bytes:
    """The JSON view."""
    data = msgspec.json.encode(explanation, order="deterministic")
    return harmless(msgspec.json.format(data, indent=2)) + b"\n"


def _about(action: Action, target: Target) -> bool:
    if (action.account, action.id) != (target.account, target.id):
        return False
    return target.part is None or action.parts is None or target.part in action.parts


def _verdict(actions: Sequence[Action], target: Target, plan: PlanDocument) -> str:
    if not actions:
        return "not in the plan: no absence asks for it, so it stays"
    said: list[str] = []
    for one in actions:
        parts = f" {len(one.parts)} part{'s'[: len(one.parts) != 1]}" if one.parts else ""
        why = f": {one.message}" if one.message else ""
        said.append(f"{one.action}{parts}, {one.reason}{why}")
    broken = [one for one in plan.violations if one.account == target.account]
    if broken and any(one.action == "delete" for one in actions):
        guards = ", ".join(one.guard for one in broken)
        said.append(f"the plan cannot be applied as it is ({guards})")
    return "; ".join(said)


# ---------------------------------------------------------------- entries


def _entries(target: Target, record: Campaign | None, known: "FreshPlan") -> Iterator[Look | None]:
    """Every entry of the account; None for one that names another campaign."""
    asked = known.asked
    table = asks(asked, known.matches, known.project, today=today(known.now))
    twins = asked.twins
    mine = [
        index
        for index, one in enumerate(asked.questions)
        if one.account == target.account and index not in twins
    ]
    by_name = known.drivers[target.account].by_name
    seen = record
    if seen is None and by_name:
        seen = Campaign(account=target.account, id=target.id, name=target.id)
    chosen = [index for index in mine if asked.questions[index].match is not None]
    judged = dict(
        zip(chosen, _judged([asked.questions[i] for i in chosen], seen, known), strict=True)
    )
    manifests = {one.name: one for one in asked.manifests}
    for index in mine:
        origin = asked.origins[index]
        if index in judged:
            holds, why = judged[index]
        elif _named(asked.questions[index], target, seen, by_name=by_name):
            holds, why = True, ""
        else:
            yield None
            continue
        yield _look(asked.questions[index], origin, holds, why, table.get(index), manifests, known)


def _named(one: Question, target: Target, record: Campaign | None, *, by_name: bool) -> bool:
    if one.id is not None:
        if one.id == target.id or (by_name and nfc(one.id) == nfc(target.id)):
            return True
        return by_name and record is not None and nfc(record.name) == nfc(one.id)
    name = nfc(one.name or "")
    if record is not None and nfc(record.name) == name:
        return True
    return by_name and name == nfc(target.id)


def _look(
    one: Question,
    origin: Origin,
    holds: bool | None,
    why: str,
    ask: Ask | None,
    manifests: Mapping[str, Manifest],
    known: "FreshPlan",
) -> Look:
    kinds: dict[str, Kind] = {"absent": "absence", "keep": "keep", "protect": "protect"}
    yes = {"absent": "asks for it", "keep": "keeps it", "protect": "protects it"}[one.role]
    verdict = yes if holds else why
    if holds and ask is not None:
        verdict = "; ".join((yes, *_objections(ask, manifests[ask.entry.manifest], known)))
    if holds and isinstance(origin, Protect):
        verdict = f"{yes}: {origin.because}"
    if holds and isinstance(origin, Entry) and origin.phone_numbers is not None:
        verdict += f" ({len(origin.phone_numbers)} numbers only)"
    return Look(
        kind=kinds[one.role],
        manifest=origin.manifest if isinstance(origin, Entry) else None,
        path=origin.path,
        line=origin.line,
        what=_written(one),
        holds=holds,
        verdict=verdict,
    )


def _objections(ask: Ask, manifest: Manifest, known: "FreshPlan") -> Iterator[str]:
    if ask.blocked is not None:
        yield f"but {ask.blocked[0]}: {ask.blocked[1]}"
    elif ask.ambiguous:
        yield f"but {ask.found} campaigns answer it"
    if manifest.until is not None and ask.blocked is None:
        yield f"until {manifest.until.isoformat()}"
    lacking = metadata.refusal(manifest, known.project.accounts[manifest.account].guards)
    if lacking is not None and (ask.blocked is None or ask.blocked[1] != lacking):
        yield f"and {lacking}"


def _written(one: Question) -> str:
    if one.id is not None:
        return f"id: {one.id}"
    if one.name is not None:
        return f"name: {one.name}"
    assert one.match is not None
    return f"match: {one.match.text or ', '.join(key for key, _ in _conditions(one.match))}"


def _conditions(selector: Selector) -> list[tuple[str, Selector]]:
    """Each condition of *selector* by its key, as a selector of its own."""
    found: list[tuple[str, Selector]] = []
    for key, value in by_key(selector).items():
        if value is not None:
            found.append((key, Selector.model_validate({key: value})))
    return found


def _judged(
    questions: Sequence[Question], record: Campaign | None, known: "FreshPlan"
) -> list[tuple[bool | None, str]]:
    """Whether each match finds *record*, and which condition does not; by the real matcher."""
    if record is None:
        return [(None, "cannot be judged: the campaign is not listed")] * len(questions)
    split = [_conditions(one.match) for one in questions if one.match is not None]
    single = [
        Question("keep", record.account, match=selector) for all_ in split for _, selector in all_
    ]
    if not single:
        return [(True, "")] * len(questions)
    matcher = Matcher(single, now=known.now, spare=0)
    matcher.feed([record])
    answers = matcher.finish()
    found: list[tuple[bool | None, str]] = []
    at = 0
    for conditions in split:
        keys = [(key, at + place) for place, (key, _) in enumerate(conditions)]
        at += len(conditions)
        failing = [
            key for key, i in keys if not answers.found.get(i) and not answers.lacking.get(i)
        ]
        lacking = [key for key, i in keys if answers.lacking.get(i)]
        said = [f"{key} does not match" for key in failing]
        said += [f"the record lacks what {key} asks for" for key in lacking]
        found.append((not said, "; ".join(said)))
    return found


# ---------------------------------------------------------------- guards and waivers


def _guards(target: Target, record: Campaign | None, known: "FreshPlan") -> Iterator[Look]:
    account = known.project.accounts[target.account]
    driver = known.drivers[account.name]
    seen = record or Campaign(account=target.account, id=target.id, name=target.id)
    covered = cover(account, known.facts.accounts.get(target.account))
    if record is None:
        whole = covered.coverage is Coverage.COMPLETE
        why = "and is complete, so it is gone" if whole else f"and {covered.why}"
        yield _guard("inventory", True if whole else None, f"does not list it, {why}")
    if record is None and covered.coverage is Coverage.PARTIAL:
        looks = driver.look is not None or driver.list is not None
        protects = protects_of(known.project, known.asked.names(target.account))
        if unseen := protect.unseen(protects, looks=looks):
            yield _guard("protected", None, unseen)
    status = str(seen.status) if seen.status is not None else "unknown"
    refused = running.refusal(seen, account.guards)
    said = refused or f"its status is {status}, running is {account.guards.running}"
    yield _guard("running", refused is not None, said)
    for name, wrong in (
        ("unsafe-id", driver.unsafe(account.settings, seen, target.part)),
        ("unsupported", driver.unsupported(account.settings, seen)),
    ):
        yield _guard(name, wrong is not None, wrong or "nothing against it")
    shared = known.matches.shared.get(target.account, frozenset())
    if driver.by_name:
        twice = nfc(seen.name) in shared
        text = "another campaign has its name" if twice else "no other listed campaign has its name"
        yield _guard("ambiguous", twice, text)
    broken = {
        one.guard: one.message for one in known.plan.violations if one.account == target.account
    }
    for name in ("max-deletions", "inventory-age"):
        yield _guard(name, name in broken, broken.get(name, "not broken by this plan"))


def _guard(name: str, holds: bool | None, verdict: str) -> Look:
    return Look(
        kind="guard", manifest=None, path=None, line=None, what=name, holds=holds, verdict=verdict
    )


def _waivers(target: Target, known: "FreshPlan") -> Iterator[Look]:
    for one in known.project.waivers:
        if one.account == target.account and one.id in (None, target.id):
            yield _waiver(one, target, known)


def _waiver(waiver: Waiver, target: Target, known: "FreshPlan") -> Look:
    active = waiver.until >= today(known.now)
    other = target.part is not None and waiver.id is not None and not _covers(waiver, target, known)
    used = any(
        use.guard == waiver.guard and use.ticket == waiver.ticket
        for one in known.plan.actions
        if _about(one, target)
        for use in one.waivers
    )
    verdict = "ended" if not active else "is for another part" if other else "in force"
    if used and active:
        verdict = "lifts its guard here"
    scope = "the account" if waiver.id is None else str(Target(*_key(waiver)))
    scope += " (all parts)" if waiver.parts else ""
    return Look(
        kind="waiver",
        manifest=None,
        path=waiver.path,
        line=waiver.line,
        what=f"{waiver.guard} for {scope} until {waiver.until.isoformat()} ({waiver.ticket})",
        holds=active and not other,
        verdict=f"{verdict}: {waiver.because}",
    )


def _covers(waiver: Waiver, target: Target, known: "FreshPlan") -> bool:
    """Whether *waiver* is for this part of the campaign."""
    hit = known.matches.hits.get((target.account, target.id))
    if waiver.parts is None:
        return waiver.part == target.part
    return target.part in parts_of(hit.campaign if hit else None)


def _key(waiver: Waiver) -> tuple[str, str, str | None]:
    return waiver.account, waiver.id or "", waiver.part

"""One candidate -> its actions: the first reason that holds, in the order of spec §2.4."""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from reconciler.declare.manifest import Entry
from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.model import Action, Campaign, LookFirst, Reason, Source, Target, WaiverUse
from reconciler.plan import exceptions
from reconciler.plan.asking import Ask
from reconciler.plan.candidates import Candidate
from reconciler.plan.coverage import Coverage, Covered
from reconciler.plan.guards import protect, running
from reconciler.plan.guards.waivers import Waivers, use
from reconciler.plan.matching import nfc
from reconciler.plan.planfile import action_of


class Ground(msgspec.Struct, frozen=True):
    """What the targets of one account are judged by. *shared*: names (NFC) that records share."""

    account: Account
    driver: Driver
    covered: Covered
    shared: frozenset[str]
    waivers: Waivers


class Judgement(msgspec.Struct, frozen=True):
    """What becomes of one target, and who asked for it."""

    reason: Reason
    message: str | None
    waivers: tuple[WaiverUse, ...]
    sources: tuple[Source, ...]
    first: tuple[LookFirst, ...] = ()
    refused: bool = False

    @property
    def action(self) -> Literal["delete", "refuse", "none"]:
        """What is done: what its reason says, but for a keep that nobody can judge."""
        return "refuse" if self.refused else action_of(self.reason)


Wanted = Callable[[str, Sequence[Source]], bool]
"""Whether a deletion in an account, asked for by these sources, is planned (`--account`,
`--manifest`)."""

_BLOCKED = (Reason.EXPECTATION, Reason.METADATA, Reason.NOT_YET, Reason.EXPIRED)


def actions(
    candidate: Candidate, ground: Ground, wanted: Wanted, *, attributes: bool
) -> list[tuple[Action, bool]]:
    """The actions on *candidate*: one, or one for each fate that its parts have.

    With each, whether it is in the plan: a deletion that is not *wanted* is left out.
    """
    record = candidate.record
    if record is not None:
        record = shown_record(record, attributes=attributes)
    groups: dict[tuple[object, ...], list[tuple[str | None, Judgement]]] = {}
    for part, asks in _parts(candidate, ground.driver).items():
        ruling = _rule(candidate, part, asks, ground)
        shown = ruling.action != "delete" or wanted(candidate.account, ruling.sources)
        key = (shown, part is None, ruling.reason, ruling.message, ruling.waivers, ruling.first)
        groups.setdefault(key, []).append((part, ruling))
    return [
        (_action(candidate, record, ground.driver, group), bool(key[0]))
        for key, group in groups.items()
    ]


def _action(
    candidate: Candidate,
    record: Campaign | None,
    driver: Driver,
    group: Sequence[tuple[str | None, Judgement]],
) -> Action:
    part, ruling = group[0]
    return Action(
        action=ruling.action,
        reason=ruling.reason,
        account=candidate.account,
        driver=driver.name,
        id=candidate.id,
        name=candidate.name,
        parts=None if part is None else tuple([one for one, _ in group if one is not None]),
        message=ruling.message,
        look_first=ruling.first or None,
        sources=_sources(group),
        waivers=ruling.waivers,
        campaign=record,
    )


def _sources(group: Sequence[tuple[str | None, Judgement]]) -> tuple[Source, ...]:
    if len(group) == 1 and len(group[0][1].sources) == 1:
        return group[0][1].sources
    every = {source for _, one in group for source in one.sources}
    return tuple(sorted(every, key=lambda one: (one.path, one.line, one.manifest)))


def shown_record(record: Campaign, *, attributes: bool) -> Campaign:
    """*record* as a plan shows it: with its attributes only where somebody wants to see them."""
    if record.attributes is None or attributes:
        return record
    return msgspec.structs.replace(record, attributes=None)


def _parts(candidate: Candidate, driver: Driver) -> dict[str | None, list[Ask]]:
    """The parts that are asked for, in the record's order, and who asks; None: it has no parts.

    An absence that gives numbers asks for those alone, whatever the record lists.
    """
    record = candidate.record
    if driver.parts == "messageIds" and record is not None and record.message_ids:
        return {part: list(candidate.asks) for part in record.message_ids}
    if driver.parts != "phoneNumbers":
        return {None: list(candidate.asks)}
    listed = dict.fromkeys((record.phone_numbers if record is not None else None) or ())
    wanted: dict[str | None, list[Ask]] = {number: [] for number in listed}
    for ask in candidate.asks:
        given = ask.entry.phone_numbers
        numbers = listed if given is None else dict.fromkeys(given)
        for part in numbers or (None,):
            wanted.setdefault(part, []).append(ask)
    return {part: asks for part, asks in wanted.items() if asks}


def _rule(candidate: Candidate, part: str | None, asks: Sequence[Ask], ground: Ground) -> Judgement:
    """What becomes of one target."""
    free = [ask for ask in asks if ask.blocked is None]
    if not free:
        return _blocked(asks)
    record = candidate.record
    case = _Case(
        candidate,
        part,
        free,
        ground,
        _little(candidate) if record is None else record,
        part is not None and record is not None and _extra(record, part, ground.driver),
    )
    for question in _QUESTIONS:
        answer = question(case)
        if answer is not None:
            reason, message = answer
            sources = tuple([ask.source for ask in free])
            refused = reason is Reason.KEPT and question is _unjudged
            first = case.first if action_of(reason) == "delete" else ()
            return Judgement(reason, message, tuple(case.used), sources, first, refused)
    raise AssertionError("the last question always answers")


def _little(candidate: Candidate) -> Campaign:
    """What little is known of a campaign that nobody lists."""
    id_, name = candidate.id or "", candidate.name or candidate.id or ""
    return Campaign(account=candidate.account, id=id_, name=name)


def _extra(record: Campaign, part: str, driver: Driver) -> bool:
    """Whether *part* is a number that the record, which gives numbers, does not have."""
    numbers = record.phone_numbers
    return driver.parts == "phoneNumbers" and bool(numbers) and part not in (numbers or ())


def _blocked(asks: Sequence[Ask]) -> Judgement:
    for wanted in _BLOCKED:
        mine = [ask for ask in asks if ask.blocked is not None and ask.blocked[0] is wanted]
        if mine:
            message = "; ".join(dict.fromkeys(ask.blocked[1] for ask in mine if ask.blocked))
            return Judgement(wanted, message, (), tuple(ask.source for ask in mine))
    raise AssertionError("nobody asks")


class _Case(msgspec.Struct):
    """One target and everything that its reason may depend on.

    *campaign*: the record, or what little is known. *extra*: it is a number that the record, which
    gives numbers, does not have. *used* collects waivers.
    """

    candidate: Candidate
    part: str | None
    asks: Sequence[Ask]
    ground: Ground
    campaign: Campaign
    extra: bool
    used: list[WaiverUse] = []
    first: tuple[LookFirst, ...] = ()

    def waived(self, guard: str) -> bool:
        if self.candidate.id is None:
            return False
        target = Target(self.candidate.account, self.candidate.id, self.part)
        waiver = self.ground.waivers.of_target(guard, target, self.candidate.record)
        if waiver is not None:
            self.used.append(use(waiver))
        return waiver is not None


_Answer = tuple[Reason, str | None] | None


def _kept(case: _Case) -> _Answer:
    if not case.candidate.keeps:
        return None
    numbers = case.ground.driver.parts == "phoneNumbers"
    keeps = [one for one in case.candidate.keeps if _holds(one, case.part, numbers=numbers)]
    if not keeps:
        return None
    first = min(keeps, key=lambda one: (one.path, one.line, one.manifest))
    return Reason.KEPT, f"kept by {first.manifest} ({first.path}:{first.line})"


def _holds(keep: Entry, part: str | None, *, numbers: bool) -> bool:
    """Whether *keep* holds for *part*: one that gives numbers keeps those alone."""
    return not (numbers and keep.phone_numbers is not None) or part in keep.phone_numbers


def _protected(case: _Case) -> _Answer:
    said = protect.refusal(case.candidate.protects)
    partial = case.ground.covered.coverage is Coverage.PARTIAL
    if said is None and partial and case.candidate.id is not None:
        said = case.candidate.unseen
    if said is None or case.waived("protected"):
        return None
    return Reason.PROTECTED, said


def _unjudged(case: _Case) -> _Answer:
    """An exception that asks for what nobody knows holds until somebody has looked."""
    first = case.candidate.first
    protected = any(one.because is Reason.PROTECTED for one in first)
    if protected and case.waived("protected"):
        first = tuple(one for one in first if one.because is not Reason.PROTECTED)
    case.first = first
    unseen = exceptions.unseen(first, case.ground.driver)
    return exceptions.refusal(unseen) if unseen else None


def _unsafe(case: _Case) -> _Answer:
    if case.candidate.id is None:
        return None
    said = case.ground.driver.unsafe(case.ground.account.settings, case.campaign, case.part)
    return None if said is None else (Reason.UNSAFE_ID, said)


def _unsupported(case: _Case) -> _Answer:
    driver = case.ground.driver
    if driver.parts != "phoneNumbers":
        for ask in case.asks:
            if ask.entry.phone_numbers is not None:
                return Reason.UNSUPPORTED, (
                    f"{ask.entry.path}:{ask.entry.line} asks for phone numbers, and {driver.name}"
                    " deletes whole campaigns"
                )
    said = driver.unsupported(case.ground.account.settings, case.campaign)
    return None if said is None else (Reason.UNSUPPORTED, said)


def _ambiguous(case: _Case) -> _Answer:
    if case.candidate.confused is not None:
        return Reason.AMBIGUOUS, case.candidate.confused
    for ask in case.asks:
        if ask.ambiguous:
            return Reason.AMBIGUOUS, (
                f"{ask.found} campaigns answer {ask.entry.path}:{ask.entry.line}"
            )
    record = case.candidate.record
    if case.ground.driver.by_name and record is not None and nfc(record.name) in case.ground.shared:
        return Reason.AMBIGUOUS, (
            "another campaign of the account has the same name, and the vendor goes by name"
        )
    return None


def _unlisted(case: _Case) -> _Answer:
    """Gone, or nobody can say: what the inventory does not list, or does not list for sure."""
    covered = case.ground.covered
    if case.candidate.record is not None and not case.extra:
        return _listed_by(case)
    what = "does not list this number" if case.extra else "does not list it"
    match covered.coverage:
        case Coverage.COMPLETE:
            return Reason.ABSENT, f"the inventory is complete and {what}"
        case Coverage.PARTIAL if case.candidate.id is not None:
            return None
        case Coverage.PARTIAL:
            return Reason.INVENTORY_INCOMPLETE, (
                "no campaign of the inventory has this name, and it is partial: ask by id"
            )
    return Reason.INVENTORY_INCOMPLETE, covered.why


def _listed_by(case: _Case) -> _Answer:
    """A name or a match may mean campaigns that an incomplete inventory does not show."""
    if case.ground.covered.coverage is not Coverage.INCOMPLETE:
        return None
    for ask in case.asks:
        if ask.entry.id is None:
            form = "match" if ask.entry.match is not None else "name"
            return Reason.INVENTORY_INCOMPLETE, (
                f"{ask.entry.path}:{ask.entry.line} asks by {form}, and {case.ground.covered.why}"
            )
    return None


def _numbers(case: _Case) -> _Answer:
    if case.ground.driver.parts == "messageIds" and case.campaign.message_ids == ():
        # A campaign of no messages: its own id is not a message's, so there is nothing to send.
        return Reason.NUMBERS_MISSING, "the inventory record lists no messages"
    if case.ground.driver.parts != "phoneNumbers" or case.part is not None:
        return None
    return Reason.NUMBERS_MISSING, "neither the absence nor the inventory gives its phone numbers"


def _running(case: _Case) -> _Answer:
    said = running.refusal(case.campaign, case.ground.account.guards)
    if said is None or case.waived("running"):
        return None
    return Reason.RUNNING, said


def _deleted(case: _Case) -> _Answer:
    if case.extra:
        return Reason.UNLISTED, "the inventory does not list this number and is partial"
    if case.candidate.record is None:
        driver = case.ground.driver
        looked = driver.look is not None or driver.list is not None
        then = ": it is looked at before its request" if looked else ""
        return Reason.UNLISTED, f"the inventory does not list it and is partial{then}"
    declared = any(ask.entry.match is None for ask in case.asks)
    return (Reason.DECLARED if declared else Reason.MATCHED), None


_QUESTIONS: tuple[Callable[[_Case], _Answer], ...] = (
    _kept,
    _protected,
    _unjudged,
    _unsafe,
    _unsupported,
    _ambiguous,
    _unlisted,
    _numbers,
    _running,
    _deleted,
)

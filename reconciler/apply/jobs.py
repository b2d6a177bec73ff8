"""The targets of a plan as work of a lane, and as rulings where no request is needed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from reconciler.apply.merge import PlanTarget, inventory_of
from reconciler.declare.manifest import Manifest
from reconciler.declare.project import Account
from reconciler.driver import Driver, Item
from reconciler.driver.looks import can_look
from reconciler.lanes.journal import Ruling, State
from reconciler.lanes.known import Known
from reconciler.lanes.work import Job, LookReason
from reconciler.model import Action, Campaign, PlanDocument, Reason, Source, Status


@dataclass(frozen=True, slots=True)
class LookPolicy:
    """Why targets are looked at before their request.

    *resumed*: the plan was begun before. *untraced*: accounts of which the journal may not know
    what was sent. *older*: those whose inventory is no newer than the journal's trace of them, and
    since when that is (None: there is none). For what it has not heard of since, another journal
    may have sent after that inventory.
    """

    untraced: Collection[str]
    resumed: bool
    older: Mapping[str, datetime | None] = field(default_factory=dict)

    def reason(
        self, account: Account, one: PlanTarget, campaign: Campaign | None
    ) -> LookReason | None:
        """The reason for this one, or None. One that a journal cannot lift comes first."""
        if one.suspect:
            return LookReason.SUSPECT
        if one.action.look_first or one.first:
            return LookReason.EXCEPTION
        if account.before_look:
            return LookReason.BEFORE
        if one.action.reason is Reason.UNLISTED:
            return LookReason.UNLISTED
        unknown = campaign is not None and campaign.status in (None, Status.UNKNOWN)
        if unknown and account.guards.running != "allow":
            return LookReason.STATUS
        if account.name in self.untraced:
            return LookReason.UNTRACED
        if self.resumed:
            return LookReason.RESUMED
        if account.name in self.older and not _seen(one.state, self.older[account.name]):
            return LookReason.OLDER
        return LookReason.COPY if account.keep_copy else None


def _seen(state: State, since: datetime | None) -> bool:
    """Whether the vendor, or a person, has told of the target after *since*."""
    told = state.evidence in ("answer", "look", "person")
    return told and since is not None and state.at is not None and state.at > since


class PlannedJobs:
    """The targets *planned* of an account, *count* of them, as work of its lane.

    They are gone through again and again, each time anew, and none is held.
    """

    def __init__(
        self,
        plan: PlanDocument,
        planned: Callable[[], Iterable[PlanTarget]],
        count: int,
        account: Account,
        driver: Driver,
        manifests: Sequence[Manifest],
        policy: LookPolicy,
    ) -> None:
        self._planned = planned
        self._count = count
        self._account = account
        self._looks = can_look(driver)
        self._words = SourceWords(manifests)
        self._inventory = inventory_of(plan)
        self._policy = policy

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Job]:
        return map(self._job, self._planned())

    def _job(self, one: PlanTarget) -> Job:
        action, account = one.action, self._account
        record = action.campaign or one.campaign
        name = record.name if record is not None else action.name or action.id or ""
        return Job(
            item=Item(one.target, name, record.channel if record is not None else None),
            planned=_planned(action),
            asked=one.asked,
            inventory=self._inventory,
            state=one.state,
            look=self._policy.reason(account, one, record) if self._looks else None,
            suspect=one.suspect,
            copies=account.keep_copy,
            may_send=one.fate_now is None,
            withheld=one.fate_now,
            facts=partial(facts_of, action, self._words),
        )


def _planned(action: Action) -> Campaign | None:
    """The record that a look must show; of an unlisted target only its name, if that was given."""
    if action.campaign is not None or action.name is None or action.id is None:
        return action.campaign
    return Campaign(account=action.account, id=action.id, name=action.name)


class SourceWords:
    """The absences that ask for targets, as the audit log names them, with their manifests' words.

    Of others than *manifests*, owner, reason and ticket stay unknown.
    """

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        self._about = {(one.path, one.name): one for one in manifests}
        self._last: tuple[Source, ...] = ()
        self._said: list[dict[str, Any]] = []

    def of(self, sources: tuple[Source, ...]) -> list[dict[str, Any]]:
        """What is said of *sources*; nearly always they are those that were asked about last."""
        if sources != self._last:
            self._last, self._said = sources, [self._said_of(one) for one in sources]
        return self._said

    def _said_of(self, source: Source) -> dict[str, Any]:
        manifest = self._about.get((source.path, source.manifest))
        return {
            "manifest": source.manifest,
            "path": source.path,
            "line": source.line,
            "owner": manifest.owner if manifest is not None else None,
            "reason": manifest.reason if manifest is not None else None,
            "ticket": manifest.ticket if manifest is not None else None,
        }


def facts_of(action: Action, words: SourceWords) -> dict[str, Any]:
    """What the audit log keeps of a target of *action*, besides its outcome."""
    return {
        "name": action.name,
        "sources": words.of(action.sources),
        "waivers": action.waivers,
        "campaign": action.campaign,
    }


def decided(
    plan: PlanDocument,
    digest: str,
    planned: Sequence[PlanTarget],
    manifests: Sequence[Manifest],
    known: Known,
    *,
    now: datetime,
) -> tuple[list[Ruling], list[dict[str, Any]]]:
    """Rulings and audit records for the targets whose fate needed no request.

    What is final already stays as it is (a target that came back keeps the time it was deleted),
    and what is in doubt stays in doubt.
    """
    words, inventory = SourceWords(manifests), inventory_of(plan)
    rulings, records = [], []
    for one in planned:
        final = one.state.outcome is not None and one.state.outcome.final
        if one.fate is None or one.in_doubt or final:
            continue
        changes = {
            "outcome": one.fate.outcome,
            "detail": one.fate.detail,
            "evidence": one.fate.evidence,
            "at": now,
            "plan": digest,
            "asked": one.asked,
            "inventory": inventory,
        }
        if not one.double:  # it is not its own
            rulings.append(known.ruling(one.target, changes))
        records.append(_record(one, known.scope(one.target.account), words))
    return rulings, records


def _record(one: PlanTarget, scope: str, words: SourceWords) -> dict[str, Any]:
    assert one.fate is not None
    return {
        "type": "target",
        "target": str(one.target),
        "account": one.target.account,
        "scope": scope,
        "id": one.target.id,
        "part": one.target.part,
        "outcome": one.fate.outcome.value,
        "detail": one.fate.detail,
        "evidence": one.fate.evidence,
        **facts_of(one.action, words),
    }

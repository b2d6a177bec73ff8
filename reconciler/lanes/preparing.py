"""From two plans and a journal to the work of each account. Pure but for the values it is given."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from reconciler.apply.merge import Planned, inventory_of
from reconciler.apply.report import WITHDRAWN
from reconciler.declare.manifest import Manifest
from reconciler.declare.project import Account, Project
from reconciler.driver import Driver, Item, Request, shown
from reconciler.errors import Stale
from reconciler.inventory import Facts
from reconciler.lanes.journal import Ruling
from reconciler.lanes.known import Known
from reconciler.lanes.session import session_of
from reconciler.lanes.work import Fate, Job, LookReason, Rules, Witnesses, can_look
from reconciler.model import Action, Campaign, Outcome, Plan, Reason, Status, Target, Violation
from reconciler.plan.asked import Asked
from reconciler.plan.guards import inventory_age, max_deletions, running
from reconciler.plan.guards.texts import span
from reconciler.plan.guards.waivers import Waivers
from reconciler.plan.matching import Matcher, Matches, Question

_WITNESSES = 200


def check_project(plan: Plan, project: Project) -> None:
    """`Stale` if *plan* is not a plan of *project*, or an account is no longer what it was."""
    if plan.metadata.project != project.name:
        raise Stale(
            f"this is a plan of project {plan.metadata.project!r}, and this project is "
            f"{project.name!r}; nothing was sent"
        )
    for name, account in plan.accounts.items():
        today = project.accounts.get(name)
        if today is None:
            raise Stale(f"account {name!r} of the plan is no longer in the project; plan again")
        if today.definition != account.definition:
            raise Stale(
                f"account {name!r} is not what it was when the plan was made (driver, settings or "
                "base URL); plan again"
            )


def check_age(plan: Plan, project: Project, started: datetime | None, now: datetime) -> None:
    """`Stale` if *plan* is too old: judged when first applied, then by `resumeMaxAge`."""
    if started is not None:
        most = project.guards.resume_max_age
        if now - started > most:
            raise Stale(
                f"the plan was first applied on {started:%Y-%m-%d}, longer ago than resumeMaxAge "
                f"({span(most)}) allows; plan again"
            )
        return
    created = datetime.fromisoformat(plan.metadata.created_at)
    expires = min(
        datetime.fromisoformat(plan.metadata.expires_at), created + project.guards.plan_max_age
    )
    if now > expires:
        raise Stale(f"the plan expired on {expires:%Y-%m-%d %H:%M} UTC; plan again")
    if created - now > timedelta(minutes=5):
        raise Stale(f"the plan is from the future ({created:%Y-%m-%d %H:%M} UTC); check the clock")


# ---------------------------------------------------------------- guards, on what is left


def violations(
    project: Project,
    left: Sequence[Planned],
    facts: Facts,
    waivers: Waivers,
    deleted_since: Callable[[str, datetime], int],
    *,
    now: datetime,
) -> list[Violation]:
    """`max-deletions` and `inventory-age`, judged today on the targets that are still to go."""
    found: list[Violation] = []
    for name in sorted({one.target.account for one in left}):
        account = project.accounts[name]
        known = facts.accounts.get(name)
        mine = [one for one in left if one.target.account == name]
        limit = account.guards.max_deletions
        before = deleted_since(name, now - limit.per) if limit.per is not None else 0
        counts = [w.count for w in waivers.of_account("max-deletions", name) if w.count is not None]
        if counts:
            limit = type(limit)(count=max(counts), percent=None, per=limit.per)
        said = max_deletions.violation(
            limit,
            targets=len(mine) + before,
            deleted=len({one.target.id for one in mine}),  # percent is of this plan alone
            campaigns=(known.campaigns or 0) if known is not None else 0,
        )
        if said:
            more = f" ({before} of them before, within {span(limit.per)})" if limit.per else ""
            found.append(Violation(guard="max-deletions", account=name, message=said + more))
        if waivers.of_account("inventory-age", name):
            continue
        guards = account.guards
        said = inventory_age.violation(
            known.captured_at if known is not None else None,
            now=now,
            most=max(guards.inventory_max_age, project.guards.plan_max_age),
            written=guards.inventory_max_age_written,
            oldest=facts.oldest.get(name),
        )
        if said:
            found.append(Violation(guard="inventory-age", account=name, message=said))
    return found


def rules_of(account: Account, asked: Asked, waivers: Waivers, now: datetime) -> Rules:
    """The guards that a record must pass when a look shows it."""
    protects = [
        Question("protect", q.account, q.id, q.name, q.match)
        for q in asked.questions
        if q.role == "protect" and q.account == account.name
    ]

    def broken(target: Target, seen: Campaign) -> str | None:
        if not waivers.of_target("protected", target) and protects:
            matcher = Matcher(protects, now=now)
            matcher.feed([seen])
            if matcher.finish().hits:
                return Reason.PROTECTED.value
        if running.refusal(seen, account.guards) and not waivers.of_target("running", target):
            return Reason.RUNNING.value
        return None

    return Rules(broken)


# ---------------------------------------------------------------- jobs


@dataclass(frozen=True, slots=True)
class Looking:
    """Why targets are looked at before their request.

    *resumed*: the plan was begun before. *untraced*: accounts of which the journal may not know
    what was sent.
    """

    untraced: Collection[str]
    resumed: bool

    def reason(
        self, account: Account, planned: Planned, campaign: Campaign | None
    ) -> LookReason | None:
        """The reason for this one, or None. One that a journal cannot lift comes first."""
        if planned.suspect:
            return LookReason.SUSPECT
        if account.before_look:
            return LookReason.BEFORE
        if planned.action.reason is Reason.UNLISTED:
            return LookReason.UNLISTED
        unknown = campaign is not None and campaign.status in (None, Status.UNKNOWN)
        if unknown and account.guards.running != "allow":
            return LookReason.STATUS
        if account.name in self.untraced:
            return LookReason.UNTRACED
        return LookReason.RESUMED if self.resumed else None


def jobs(
    plan: Plan,
    planned: Sequence[Planned],
    account: Account,
    driver: Driver,
    manifests: Sequence[Manifest],
    looking: Looking,
    asking: Mapping[tuple[str, str], Collection[str]],
) -> list[Job]:
    """The account's targets that may be sent, and those in doubt, in the plan's order."""
    about = {(one.path, one.name): one for one in manifests}
    inventory = inventory_of(plan)
    made = []
    for one in planned:
        if one.target.account != account.name or (one.fate is not None and not one.in_doubt):
            continue
        action = one.action
        record = action.campaign or one.campaign
        name = record.name if record is not None else action.name or action.id or ""
        made.append(
            Job(
                item=Item(one.target, name, record.channel if record is not None else None),
                planned=_planned(action),
                asked=tuple(sorted(asking.get((one.target.account, one.target.id), ()))),
                inventory=inventory,
                state=one.state,
                look=looking.reason(account, one, record) if can_look(driver) else None,
                suspect=one.suspect,
                may_send=one.fate is None,
                withheld=one.fate,
                facts=facts_of(action, about),
            )
        )
    return made


def _planned(action: Action) -> Campaign | None:
    """The record that a look must show; of an unlisted target only its name, if that was given."""
    if action.campaign is not None or action.name is None or action.id is None:
        return action.campaign
    return Campaign(account=action.account, id=action.id, name=action.name)


def facts_of(action: Action, about: Mapping[tuple[str, str], Manifest]) -> dict[str, Any]:
    """What the audit log keeps of a target of *action*, besides its outcome.

    *about*: the manifests by path and name; of others, owner, reason and ticket stay unknown.
    """
    sources = []
    for source in action.sources:
        manifest = about.get((source.path, source.manifest))
        sources.append(
            {
                "manifest": source.manifest,
                "path": source.path,
                "line": source.line,
                "owner": manifest.owner if manifest is not None else None,
                "reason": manifest.reason if manifest is not None else None,
                "ticket": manifest.ticket if manifest is not None else None,
            }
        )
    return {
        "name": action.name,
        "sources": sources,
        "waivers": msgspec.to_builtins(action.waivers),
        "campaign": msgspec.to_builtins(action.campaign),
    }


def decided(
    plan: Plan,
    digest: str,
    planned: Sequence[Planned],
    manifests: Sequence[Manifest],
    known: Known,
    asking: Mapping[tuple[str, str], Collection[str]],
    *,
    now: datetime,
) -> tuple[list[Ruling], list[dict[str, Any]]]:
    """Rulings and audit records for the targets whose fate needed no request.

    What is final already stays as it is (a target that came back keeps the time it was deleted),
    and what is in doubt stays in doubt.
    """
    about = {(one.path, one.name): one for one in manifests}
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
            "asked": tuple(sorted(asking.get((one.target.account, one.target.id), ()))),
            "inventory": inventory_of(plan),
        }
        rulings.append(known.ruling(one.target, changes))
        records.append(
            {
                "type": "target",
                "target": str(one.target),
                "account": one.target.account,
                "scope": known.scope(one.target.account),
                "id": one.target.id,
                "part": one.target.part,
                "outcome": one.fate.outcome.value,
                "detail": one.fate.detail,
                "evidence": one.fate.evidence,
                **facts_of(one.action, about),
            }
        )
    return rulings, records


def witnesses(account: str, saved: Plan, fresh: Plan, matches: Matches, facts: Facts) -> Witnesses:
    """Records of the account's inventory that neither plan deletes."""
    doomed = {one.id for one in (*saved.actions, *fresh.actions) if one.action == "delete"}
    spared = [one.campaign for one in fresh.actions if one.campaign and one.account == account]
    pool = [one for one in (*matches.unasked.get(account, ()), *spared) if one.id not in doomed]
    known = facts.accounts.get(account)
    return Witnesses(
        tuple(Item(Target(account, c.id), c.name, c.channel) for c in pool[:_WITNESSES]),
        (known.campaigns or 0) if known is not None else 0,
    )


# ---------------------------------------------------------------- dry run


def dry_run(
    planned: Sequence[Planned],
    project: Project,
    drivers: Mapping[str, Driver],
    fates: Mapping[Target, Fate],
) -> dict[str, Any]:
    """The requests that an apply would send, secrets as `***`. There is no sender here."""
    listed: list[dict[str, Any]] = []
    for name in sorted({one.target.account for one in planned}):
        account = project.accounts[name]
        driver = drivers[account.driver]
        going = [one for one in planned if one.target.account == name and one.target not in fates]
        items = []
        for one in going:
            record = one.action.campaign or one.campaign
            text = record.name if record is not None else one.action.name or one.target.id
            items.append(Item(one.target, text, record.channel if record is not None else None))
        if not items:
            continue
        session = session_of(account, driver, account.settings, lambda: "***")
        if driver.authenticate is not None:
            flow = driver.authenticate(session)
            with suppress(StopIteration):  # these settings may need no token
                listed.append({**_shown(name, next(flow), ()), "ifNeeded": True})
            flow.close()
        for batch in driver.batches(account.settings, items, account.max_batch):
            targets = tuple(str(item.target) for item in batch)
            listed.append(_shown(name, driver.delete(session, batch), targets))
    return {"apiVersion": "reconciler/v1", "kind": "DryRun", "requests": listed}


def _shown(account: str, request: Request, targets: Collection[str]) -> dict[str, Any]:
    return {
        "account": account,
        "method": request.method,
        "url": request.shown_url,
        "headers": {name: shown(value) for name, value in request.headers},
        "body": request.shown_body,
        "targets": list(targets),
    }


def limited(
    planned: Sequence[Planned], *, accounts: Collection[str] | None, limit: int | None
) -> dict[Target, Fate]:
    """Targets that the command line leaves out of this run: `pending`, with why."""
    left_out: dict[Target, Fate] = {}
    taken = 0
    for one in planned:
        if one.fate is not None:
            continue
        if accounts is not None and one.target.account not in accounts:
            left_out[one.target] = Fate(Outcome.PENDING, "left out by --account")
        elif limit is not None and taken >= limit:
            left_out[one.target] = Fate(Outcome.PENDING, f"left out by --limit {limit}")
        else:
            taken += 1
    return left_out


def withdrawn(fate: Fate | None) -> bool:
    """Whether *fate* is nobody's failure: the target was kept, expired or no longer declared."""
    return fate is not None and fate.outcome is Outcome.DRIFTED and fate.detail == WITHDRAWN

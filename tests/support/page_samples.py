"""A plan and the report of its apply, as a page shows them: ages and outcomes of all kinds."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from msgspec import structs

from reconciler.model import (
    Action,
    Held,
    Limits,
    Outcome,
    PlanDocument,
    PlanWarning,
    Reason,
    ReportDocument,
    SentRequest,
    Status,
    TargetReport,
    WaiverUse,
)
from tests.support.render_samples import NOW, action, campaign, plan_of, report_of

_THEMES = (
    "Diwali 2024 teaser: thirty percent off for members",
    "Black Friday early access",
    "Ramadan evening offers",
    "Neujahr Grüße an alle Abonnenten",
    "Back to school, second reminder for parents who have not opened the first one",
    "Cart reminder after one hour",
    "Win-back, ninety days without a visit",
)
_STATUSES = (Status.STOPPED, Status.COMPLETED, Status.DRAFT, Status.SENT)
_LIMITS = {
    "push-prod": Limits(requests=1, per=1.0, concurrency=1),
    "push-legacy": Limits(requests=1, per=1.0, concurrency=1),
    "voice-in": Limits(requests=60, per=60.0, concurrency=4),
    "dialer": Limits(requests=2, per=60.0, concurrency=1),
    "sms-au": Limits(requests=10, per=1.0, concurrency=4),
}


def _deletions(number: int) -> Iterator[Action]:
    accounts = ("push-prod", "push-prod", "push-legacy", "voice-in")
    for n in range(number):
        account = accounts[n % 4]
        old = timedelta(days=12 + (n * 37) % 1100)
        record = campaign(
            account,
            f"orchestration_0664hyh918hr1gnzka9py5t62nrc{n:04x}" if n % 4 < 2 else f"st-{n:06d}",
            f"{_THEMES[n % 7]} {n}",
            status=_STATUSES[n % 3 if n % 11 else 3],
            channel=("push", "sms", "voice")[n % 3],
            updated_at=NOW - old,
            created_at=NOW - old - timedelta(days=30),
            labels={"team": ("growth", "retention")[n % 2], "season": str(2022 + n % 4)},
        )
        reason = Reason.MATCHED if n % 5 else Reason.DECLARED
        yield action("delete", reason, record, line=(14, 20, 31)[n % 3])


@cache
def season(number: int = 120) -> PlanDocument:
    """*number* deletions, and a few of everything else."""
    found = list(_deletions(number))
    for n in range(4):
        record = campaign("push-prod", f"orchestration_0664evergreen{n:04x}", f"Evergreen {n}")
        found.append(action("refuse", Reason.PROTECTED, record, message="Legal hold LH-7", line=20))
    live = campaign("push-prod", "orchestration_0664live", _THEMES[5], status=Status.RUNNING)
    said = "is running: its status is running in the inventory"
    found.append(action("refuse", Reason.RUNNING, live, message=said, line=20))
    waived = campaign("push-prod", "orchestration_0664wrong", "Wrong audience blast")
    use = WaiverUse(
        guard="running", because="Wrong audience", ticket="CHG-1001", until="2026-12-01"
    )
    found.append(action("delete", Reason.DECLARED, waived, waivers=(use,)))
    for n in range(9):
        found.append(action("none", Reason.KEPT, campaign("voice-in", f"kept-{n}", f"Kept {n}")))
    numbers = tuple(f"9181878{m:05d}" for m in range(30))
    record = campaign("dialer", "700", "Lead refill ", phone_numbers=numbers)
    found.append(action("delete", Reason.DECLARED, record, parts=numbers))
    ids = ("6F1C0D9E-0001", "6F1C0D9E-0002")
    record = campaign("sms-au", "boxing-day", "Boxing day", message_ids=ids)
    found.append(action("delete", Reason.UNLISTED, record, parts=ids))
    warning = PlanWarning(
        code="matches-nothing",
        message="the match found no campaign: name: Easter 2023 *",
        path="manifests/easter.yaml",
        line=9,
    )
    return plan_of(found, warnings=(warning,), required=2, because="above 10")


@cache
def applied(number: int = 120) -> ReportDocument:
    """What became of `season`: most of it is gone, some is refused, drifted, not reached, in
    doubt.
    """
    plan = season(number)
    told: list[TargetReport] = []
    clocks: dict[str, datetime] = {}
    for one in plan.actions:
        if one.action == "delete":
            told += _told(one, len(told), clocks)
    made = report_of(told, exit_code=6)
    end = max(clocks.values()).isoformat().replace("+00:00", "Z")
    return structs.replace(made, limits=_LIMITS, ended_at=end)


def _told(one: Action, number: int, clocks: dict[str, datetime]) -> Iterator[TargetReport]:
    limit = _LIMITS[one.account]
    at = clocks.get(one.account, NOW)
    clocks[one.account] = at + timedelta(seconds=limit.per / limit.requests * 1.04)
    odd: dict[int, tuple[Outcome, str]] = {
        17: (Outcome.IN_DOUBT, "no answer within 30 s"),
        40: (Outcome.REFUSED, "CAMPAIGN_NOT_DELETABLE: the vendor keeps it"),
        41: (Outcome.DRIFTED, "withdrawn"),
        76: (Outcome.IN_DOUBT, "502: a body that is not as documented"),
        77: (Outcome.ALREADY_ABSENT, "not found, and a look confirms it"),
    }
    for part in one.parts or (None,):
        outcome, detail = odd.get(number, (Outcome.DELETED, None))
        if one.account == "dialer" and part is not None and part[-1] in "89":
            outcome, detail = Outcome.PENDING, "the account's window closed"
        doubt = outcome is Outcome.IN_DOUBT
        sent = SentRequest(
            at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            method="POST",
            url="https://api.batch.com/2.8/campaigns/delete",
            status=None if doubt else 204,
        )
        reached = outcome not in (Outcome.PENDING, Outcome.DRIFTED)
        yield TargetReport(
            account=one.account,
            id=one.id or "",
            part=part,
            name=one.name,
            outcome=outcome,
            detail=detail,
            evidence=None if not outcome.final else "look" if detail else "answer",
            attempts=int(reached),
            requests=(sent,) if reached else (),
            driver=one.driver,
            sources=one.sources,
            copy="sha256:" + "ab" * 32 if outcome is Outcome.DELETED and number % 7 == 0 else None,
            reason=Held.WITHDRAWN if outcome is Outcome.DRIFTED else None,
        )

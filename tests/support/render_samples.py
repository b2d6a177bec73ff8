"""A believable project of five accounts and about 200 campaigns, as a Plan and a Report."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from msgspec import structs

from reconciler.model import (
    API_VERSION,
    Action,
    Campaign,
    Held,
    LookFirst,
    ManifestDocument,
    ManifestFile,
    Outcome,
    PlanDocument,
    PlanWarning,
    Reason,
    ReportDocument,
    SentRequest,
    Source,
    Status,
    TargetReport,
    Violation,
    WaiverUse,
)
from reconciler.views import PLAN_FORMATS, REPORT_FORMATS
from reconciler.views.frame import Frame
from tests.support import plans

DIGEST = "sha256:" + "5e" * 32
FRAME = Frame(digest=DIGEST, saved="plan.json")
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOSTILE = (
    "x\x1b[2J",
    "::error::gone",
    "##[add-mask]e",
    "##vso[task.setvariable variable=a]b",
    "section_start:1:a\r\x1b[0Kb",
    "</details>",
    "`````",
    "@org/team",
    "![](http://evil.example/a.png)",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example")',
    "No changes.",
    "a\nNo changes. Nothing to delete.",
    "a\u202egnp.exe",
    "a\u200bb\ufeffc\u00a0d\u2028e",
    "\ud800lone",
    "| a | b |",
    "]]>&lt;",
    "\u0301\u0301\u0301over",
    "x" * 5000,
)


def document(name: str, **rest: str | None) -> ManifestDocument:
    known: dict[str, str | None] = {
        "owner": None,
        "reason": None,
        "ticket": None,
        "not_before": None,
        "until": None,
    }
    return ManifestDocument(name=name, **{**known, **rest})


SEASON = "The season is over and the consent text is outdated"
MANIFESTS = (
    ManifestFile(
        path="manifests/leads.yaml",
        sha256="ba" * 32,
        documents=(
            document(
                "lead-refills",
                owner="outbound-sales",
                reason="Numbers bought from a list we may no longer call",
                ticket="LEGAL-77",
            ),
        ),
    ),
    ManifestFile(
        path="manifests/legacy.yaml",
        sha256="bb" * 32,
        documents=(
            document(
                "legacy-push",
                owner="platform-messaging",
                reason="The old app is off; nothing reads these any more",
                ticket="CHG-10398",
            ),
        ),
    ),
    ManifestFile(
        path="manifests/retire-2024.yaml",
        sha256="bc" * 32,
        documents=(
            document(
                "retire-2024",
                owner="lifecycle-marketing",
                reason=SEASON,
                ticket="CHG-10421",
                until="2027-01-31",
            ),
            document("voice-tests", owner="voice-lab", reason="Tests of 2024", ticket="CHG-10500"),
        ),
    ),
    ManifestFile(path="manifests/sms.yaml", sha256="bd" * 32, documents=(document("boxing-day"),)),
)
_ASKED = {
    "push-prod": ("retire-2024", "manifests/retire-2024.yaml"),
    "push-legacy": ("legacy-push", "manifests/legacy.yaml"),
    "voice-in": ("voice-tests", "manifests/retire-2024.yaml"),
    "dialer": ("lead-refills", "manifests/leads.yaml"),
    "sms-au": ("boxing-day", "manifests/sms.yaml"),
}


def sources(account: str, line: int = 14) -> tuple[Source, ...]:
    name, path = _ASKED.get(account, ("retire", "manifests/retire.yaml"))
    return (Source(manifest=name, path=path, line=line),)


DRIVERS = {
    "push-prod": "batch-cep",
    "push-legacy": "batch-mep",
    "voice-in": "kore",
    "dialer": "ozonetel",
    "sms-au": "cellcast",
}


def campaign(account: str, id_: str, name: str, **rest: object) -> Campaign:
    known: dict[str, object] = {
        "status": Status.STOPPED,
        "created_at": NOW - timedelta(days=400),
        "updated_at": NOW - timedelta(days=380),
    }
    return Campaign(account=account, id=id_, name=name, **{**known, **rest})  # type: ignore[arg-type]


def action(kind: str, reason: Reason, record: Campaign, *, line: int = 14, **rest: Any) -> Action:
    known = {
        "sources": sources(record.account, line),
        "driver": DRIVERS.get(record.account, "kore"),
    }
    return plans.action(kind, reason, record, **{**known, **rest})


def plan_of(
    actions: list[Action], *, accounts: dict[str, str] | None = None, **rest: Any
) -> PlanDocument:
    """As in `tests.support.plans`, of the five accounts and their manifests."""
    return plans.plan_of(actions, accounts=accounts or DRIVERS, **{"manifests": MANIFESTS, **rest})


def _batch(number: int) -> str:
    return f"orchestration_0664hyh918hr1gnzka9py5t62nrc{number:04x}"


@cache
def sample() -> PlanDocument:
    """Every kind of action at five vendors."""
    found: list[Action] = []
    themes = ("Diwali 2024 teaser", "Black Friday early access", "Ramadan offers", "Neujahr Grüße")
    for n in range(60):
        record = campaign("push-prod", _batch(n), f"{themes[n % 4]} {n}")
        found.append(action("delete", Reason.MATCHED, record, line=20))
    waived = campaign("push-prod", _batch(99), "Wrong audience blast", status=Status.RUNNING)
    waiver = WaiverUse(
        guard="running", because="Wrong audience", ticket="CHG-1001", until="2026-12-01"
    )
    found.append(action("delete", Reason.DECLARED, waived, waivers=(waiver,)))
    for n in range(3):
        record = campaign("push-prod", _batch(200 + n), f"Evergreen welcome {n}")
        found.append(action("refuse", Reason.PROTECTED, record, message="Legal hold LH-7"))
    live = campaign("push-prod", _batch(300), "Cart reminder", status=Status.RUNNING)
    message = "is running: its status is running in the inventory"
    found.append(action("refuse", Reason.RUNNING, live, message=message))
    for n in range(40):
        token = f"{n:032x}"
        record = campaign("push-legacy", token, f"Legacy push {n} – " + "many words " * (n % 7))
        found.append(action("delete", Reason.DECLARED, record))
    for n in range(30):
        record = campaign("voice-in", f"st-{n:06d}", f"音声キャンペーン {n} दिवाली प्रस्ताव")
        found.append(action("delete", Reason.MATCHED, record, line=31))
    for n in range(25):
        record = campaign("voice-in", f"st-9{n:05d}", f"Kept {n}")
        found.append(action("none", Reason.KEPT, record))
    gone = campaign("voice-in", "st-gone", "Long gone")
    found.append(action("none", Reason.ABSENT, gone, campaign=None, name=None))
    for n in range(5):
        numbers = tuple(f"9181878{n}{m:04d}" for m in range(30))
        record = campaign("dialer", f"{700 + n}", f"Lead refill {n} ", phone_numbers=numbers)
        found.append(action("delete", Reason.DECLARED, record, parts=numbers))
    twins = [campaign("dialer", f"{800 + n}", "Twin") for n in range(2)]
    message = "2 campaigns of this account have this name, and the vendor goes by name"
    found += [action("refuse", Reason.AMBIGUOUS, twin, message=message) for twin in twins]
    ids = ("6F1C0D9E-0001", "6F1C0D9E-0002")
    record = campaign("sms-au", "boxing-day", "Boxing day", message_ids=ids)
    found.append(action("delete", Reason.UNLISTED, record, parts=ids))
    warnings = (
        PlanWarning(
            code="matches-nothing",
            message="the match found no campaign: name: Easter 2023 *",
            path="manifests/easter.yaml",
            line=9,
        ),
        PlanWarning(
            code="status-unknown",
            message="3 campaigns of sms-au have no known status and pass the running guard",
            path=None,
            line=None,
        ),
    )
    violation = Violation(
        guard="max-deletions",
        account="push-prod",
        message="61 deletions, 50 are allowed: 11 too many (maxDeletions.count)",
    )
    return plan_of(
        found, violations=(violation,), warnings=warnings, required=2, because="above 10"
    )


HOSTILE_MANIFESTS = tuple(
    ManifestFile(
        path=text,
        sha256=text,
        documents=(
            ManifestDocument(
                name=text, owner=text, reason=text, ticket=text, not_before=text, until=text
            ),
        ),
    )
    for text in HOSTILE
)


@cache
def hostile_plan() -> PlanDocument:
    """Every field that others write holds something hostile."""
    found: list[Action] = []
    for n, text in enumerate(HOSTILE):
        record = campaign("push-prod", f"{text}{n}", text, channel=text, labels={text: text})
        rest = {
            "message": text,
            "sources": (Source(manifest=text, path=text, line=n + 1),),
            "waivers": (WaiverUse(guard="running", because=text, ticket=text, until=text),),
            "parts": (text,),
        }
        for kind, reason in (
            ("delete", Reason.DECLARED),
            ("refuse", Reason.UNSAFE_ID),
            ("none", Reason.KEPT),
        ):
            looked = {
                "look_first": (LookFirst(because=Reason.KEPT, field=text, path=text, line=1),)
            }
            more = looked if kind == "delete" else {}
            found.append(action(kind, reason, record, **rest, **more))  # type: ignore[arg-type]
    return plan_of(
        found,
        manifests=HOSTILE_MANIFESTS,
        warnings=tuple(PlanWarning(code="x", message=t, path=t, line=1) for t in HOSTILE),
        violations=tuple(Violation(guard="max-deletions", account=t, message=t) for t in HOSTILE),
        required=1,
        because="\n".join(HOSTILE[:-1]),
    )


@cache
def many(number: int) -> PlanDocument:
    """A plan of *number* deletions in two accounts."""
    records = (
        campaign(("push-prod", "voice-in")[n % 2], f"id-{n:06d}", f"Campaign number {n}")
        for n in range(number)
    )
    return plan_of([action("delete", Reason.MATCHED, record) for record in records])


def target(
    account: str, id_: str, outcome: Outcome, *, part: str | None = None, **rest: object
) -> TargetReport:
    sent = SentRequest(
        at="2026-11-20T09:00:01Z",
        method="POST",
        url="http://127.0.0.1:8080/batch/2.8/campaigns/delete",
        status=None if outcome is Outcome.IN_DOUBT else 200,
    )
    pending = outcome is Outcome.PENDING
    known: dict[str, object] = {
        "name": f"Name of {id_}",
        "detail": None,
        "evidence": "answer" if outcome.final else None,
        "attempts": 0 if pending else 1,
        "requests": () if pending else (sent,),
        "driver": DRIVERS.get(account),
        "sources": sources(account),
    }
    return TargetReport(  # type: ignore[arg-type]
        account=account, id=id_, outcome=outcome, part=part, **{**known, **rest}
    )


def report_of(targets: list[TargetReport], exit_code: int = 0) -> ReportDocument:
    return ReportDocument(
        api_version=API_VERSION,
        kind="Report",
        plan=DIGEST,
        started_at="2026-11-20T09:00:00Z",
        ended_at="2026-11-20T09:01:35Z",
        exit_code=exit_code,
        summary={str(one): sum(t.outcome is one for t in targets) for one in Outcome},
        targets=tuple(targets),
        approvals=("b@acme.example", "c@acme.example"),
        manifests=MANIFESTS,
    )


def sample_report() -> ReportDocument:
    """One of every outcome, with many of some."""
    found = [target("push-prod", _batch(n), Outcome.DELETED) for n in range(40)]
    found.append(target("push-prod", _batch(50), Outcome.ALREADY_ABSENT, evidence="look"))
    found.append(target("push-prod", _batch(51), Outcome.IN_DOUBT, detail="no answer within 30 s"))
    refused = "CAMPAIGN_NOT_DELETABLE: the vendor keeps it"
    found += [target("push-legacy", f"{n:032x}", Outcome.REFUSED, detail=refused) for n in range(2)]
    gone = Held.WITHDRAWN
    found.append(target("voice-in", "st-000001", Outcome.DRIFTED, detail="withdrawn", reason=gone))
    found += [
        target(
            "dialer",
            "700",
            Outcome.PENDING,
            part=f"91818780{n:04d}",
            detail=f"the account stopped at 91818780{n % 2:04d}",
        )
        for n in range(30)
    ]
    return report_of(found, exit_code=6)


@cache
def hostile_report() -> ReportDocument:
    made = report_of(
        [
            target(
                "push-prod",
                f"{text}{n}",
                outcome,
                part=text,
                detail=text,
                name=text,
                driver=text,
                copy=text,
                sources=(Source(manifest=text, path=text, line=n + 1),),
                requests=(SentRequest(at=text, method=text, url=text, status=500),),
            )
            for outcome in Outcome
            for n, text in enumerate(HOSTILE)
        ],
        exit_code=6,
    )
    return structs.replace(made, manifests=HOSTILE_MANIFESTS, approvals=HOSTILE, notes=HOSTILE)


def seen(
    name: str,
    value: PlanDocument | ReportDocument,
    plan: PlanDocument | None = None,
    frame: Frame = FRAME,
) -> str:
    """The view *name* of a plan or a report, whole."""
    if isinstance(value, PlanDocument):
        return "".join(PLAN_FORMATS[name](value, frame))
    return "".join(REPORT_FORMATS[name](value, plan, frame))

"""A small world for planner tests: accounts, drivers, manifests, a matcher too simple to err."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from msgspec import structs

from reconciler.declare.manifest import Entry, Manifest, Selector
from reconciler.declare.project import Account, Guards, ProjectFile
from reconciler.driver import Doubt, Driver, Item, Request, Session, Settings, refusing
from reconciler.drivers.ids import path_id
from reconciler.inventory import Facts
from reconciler.model import (
    AccountFacts,
    Action,
    Campaign,
    Campaigns,
    InputFile,
    Inputs,
    Limits,
    PlanDocument,
)
from reconciler.plan import planner
from reconciler.plan.asked import questions as asked_of
from reconciler.plan.hits import Hits
from reconciler.plan.matching import Matches, Question
from reconciler.plan.packing import Plain
from reconciler.plan.usual import plainness
from tests.support.declared import absence_of, manifest_of, project_of

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CAPTURED = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


# ---------------------------------------------------------------- drivers


def _request(session: Session, items: tuple[Item, ...]) -> Request:
    return Request("DELETE", session.base, tuple(item.target.id for item in items))


def _unsafe(settings: Any, campaign: Campaign, part: str | None) -> str | None:
    return "unsafe" if "/" in campaign.id + (part or "") else None


def _unsupported(settings: Any, campaign: Campaign) -> str | None:
    if (campaign.attributes or {}).get("kind") == "flow":  # what no field of ours tells
        return "a flow"
    return "a fax" if campaign.channel == "fax" else None


def _told(settings: Any, attributes: Mapping[str, Any] | None) -> str | None:
    return "a flow" if (attributes or {}).get("kind") == "flow" else None


def driver(name: str = "simple", **changes: Any) -> Driver:
    made = Driver(
        name=name,
        title=name,
        call="DELETE /x",
        docs="https://vendor.example",
        settings=Settings,
        complete=True,
        base_url=lambda _: "https://vendor.example",
        limits=lambda _: Limits(1, 1.0, 1),
        scope=lambda _: name,
        limit=lambda _: name,
        unsafe=_unsafe,
        unsupported=_unsupported,
        delete=_request,
        judge=lambda *_: Doubt("never sent"),
        gate=lambda _: None,
    )
    return structs.replace(made, **changes)


DRIVERS = {
    "simple": driver(),
    "numbers": driver("numbers", by_name=True, parts="phoneNumbers", complete=False),
    "messages": driver("messages", parts="messageIds"),
    "glanced": driver("glanced", unsafe=path_id, unsupported=refusing.by_attributes(_told)),
    "seeing": driver("seeing", look=lambda *_: iter(())),  # type: ignore[arg-type]
    "listing": driver("listing", list=lambda *_: iter(()), look=lambda *_: iter(())),  # type: ignore[arg-type]
}


# ---------------------------------------------------------------- files


def account(name: str = "a", driver: str = "simple", **changes: Any) -> Account:
    one = Account(
        name=name,
        driver=driver,
        settings=None,
        definition=f"sha256:{name}",
        limits=Limits(1, 1.0, 1),
        complete=DRIVERS[driver].complete,
        guards=Guards(),
    )
    return one.model_copy(update=changes)


def project(*accounts: Account, **spec: Any) -> ProjectFile:
    every = {one.name: one for one in accounts or (account(),)}
    return project_of(every, name="acme", digest="0" * 64, **spec)


def glob(name: str | None = None, **more: Any) -> Selector:
    return Selector(name=name, text=name or "", **more)


def manifest(
    name: str = "m",
    absent: Sequence[dict[str, Any]] = (),
    keep: Sequence[dict[str, Any]] = (),
    *,
    account: str = "a",
    **metadata: Any,
) -> Manifest:
    """Entries by their keywords; absences stand on lines 10, 11, ..., keeps on 50, 51, ..."""
    path = f"manifests/{name}.yaml"

    def where(start: int, at: int) -> dict[str, Any]:
        return {
            "account": account,
            "manifest": name,
            "path": path,
            "line": start + at,
            "column": 7,
        }

    return manifest_of(
        name=name,
        account=account,
        absent=[absence_of(**where(10, at), **one) for at, one in enumerate(absent)],
        keep=[Entry(**where(50, at), **one) for at, one in enumerate(keep)],
        path=path,
        digest="1" * 64,
        **metadata,
    )


def without_first_keep(one: Manifest) -> Manifest:
    return one.model_copy(update={"spec": one.spec.model_copy(update={"keep": one.keep[1:]})})


def campaign(id: str, name: str | None = None, account: str = "a", **more: Any) -> Campaign:
    return Campaign(account=account, id=id, name=name or f"name of {id}", **more)


# ---------------------------------------------------------------- matching


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _answers(question: Question, one: Campaign) -> bool | None:
    """None: a field is lacking."""
    if question.account != one.account:
        return False
    if question.id is not None:
        return question.id == one.id
    if question.name is not None:
        return _nfc(question.name) == _nfc(one.name)
    match = question.match
    assert match is not None
    if match.name is not None and not fnmatchcase(one.name, match.name):
        return False
    if match.status is not None:
        return None if one.status is None else one.status in match.status
    if match.labels is not None:
        if one.labels is None:
            return None
        return all(one.labels.get(k) == v for k, v in match.labels)
    return True


def matched(
    questions: Sequence[Question],
    campaigns: Sequence[Campaign],
    by_name: Sequence[str] = (),
    *,
    attributes: bool = False,
    plain: Plain | None = None,
) -> Matches:
    hits = Hits(attributes=attributes, plain=plain)
    found: Counter[int] = Counter()
    lacking: Counter[int] = Counter()
    for one in campaigns:
        said = [_answers(question, one) for question in questions]
        yes = tuple(i for i, answer in enumerate(said) if answer)
        found.update(yes)
        lacking.update(i for i, answer in enumerate(said) if answer is None)
        if yes:
            hits.add(Campaigns([one]), [yes], [()])
    names = Counter((one.account, _nfc(one.name)) for one in campaigns)
    return Matches(
        hits=hits,
        found=found,
        lacking=lacking,
        shared={
            account: frozenset(n for (a, n), number in names.items() if a == account and number > 1)
            for account in by_name
        },
        unasked={},
    )


# ---------------------------------------------------------------- planning


def facts(campaigns: Sequence[Campaign], **accounts: AccountFacts) -> Facts:
    """Each account that has records, captured an hour ago; *accounts* replace."""
    numbers = Counter(one.account for one in campaigns)
    known = {
        name: AccountFacts(campaigns=number, captured_at=CAPTURED)
        for name, number in numbers.items()
    }
    return Facts(accounts={**known, **accounts}, files=(), warnings=())


def plan(
    manifests: Sequence[Manifest],
    campaigns: Sequence[Campaign] = (),
    project_: ProjectFile | None = None,
    facts_: Facts | None = None,
    **options: Any,
) -> PlanDocument:
    chosen = project_ or project()
    drivers = {one.name: DRIVERS[one.driver] for one in chosen.accounts.values()}
    asked = asked_of(chosen, manifests, drivers)
    by_name = [name for name in chosen.accounts if drivers[name].by_name]
    given: dict[str, Any] = {
        "now": NOW,
        "author": "a@acme.example",
        "commit": None,
        "tool": "reconciler 0.1.0",
        "inputs": Inputs(
            project=InputFile(path="reconciler.yaml", sha256="0" * 64), manifests=(), inventory=()
        ),
    }
    return planner.plan(
        chosen,
        facts_ or facts(campaigns),
        matched(
            asked.questions,
            campaigns,
            by_name,
            attributes=options.get("attributes", False),
            plain=plainness(chosen.accounts, drivers),
        ),
        asked,
        drivers,
        **{**given, **options},
    )


def said(plan_: PlanDocument) -> list[tuple[str, str, str | None]]:
    """Action, reason and id of each."""
    return [(one.action, str(one.reason), one.id) for one in plan_.actions]


def only(plan_: PlanDocument) -> Action:
    assert len(plan_.actions) == 1, said(plan_)
    return plan_.actions[0]

"""reconciler.yaml -> Project: the schema of the file, its cross-checks, the frozen value."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field
from pydantic import BaseModel

from reconciler.declare import checked
from reconciler.declare.checked import near
from reconciler.declare.fields import (
    BaseUrl,
    Day,
    Duration,
    Inside,
    Line,
    Match,
    Model,
    Name,
    Positive,
    Proxy,
    Regex,
    Whole,
    exactly_one,
)
from reconciler.declare.strict import Document, Loc, parse
from reconciler.declare.structs import Complaint, Reads, validate
from reconciler.driver import Credential, Driver, Settings, by_key
from reconciler.errors import Diagnostic
from reconciler.model import (
    API_VERSION,
    Account,
    Approvals,
    Guards,
    Limits,
    MaxDeletions,
    Project,
    Protect,
    Waiver,
    Window,
)

# ---------------------------------------------------------------- the schema


class MaxDeletionsModel(Model, frozen=True):
    """How much one plan may delete of an account."""

    schema_extra = {"anyOf": [{"required": ["count"]}, {"required": ["percent"]}]}

    count: Annotated[Whole | None, Meta(description="Targets at most.")] = None
    percent: Annotated[
        Annotated[Whole, Meta(le=100)] | None,
        Meta(description="Of the account's campaigns, at most."),
    ] = None
    per: Annotated[
        Duration | None, Meta(description="What was deleted in that time counts too.")
    ] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if "count" not in raw and "percent" not in raw:
            yield (), "maxDeletions needs count or percent", "write `maxDeletions: {count: 50}`"


class ProtectModel(Model, frozen=True, kw_only=True):
    """Campaigns nobody may delete."""

    account: Annotated[Line | None, Meta(description="Default: every account.")] = None
    id: Line | None = None
    name: Line | None = None
    match: Match | None = None
    because: Line

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        yield from exactly_one(raw, ("id", "name", "match"))


def _cron(text: str) -> str:
    from cronsim import CronSim, CronSimError

    if len(text.split()) != 5:
        raise ValueError('is not a cron schedule of five fields, such as "0 9 * * 1-4"')
    try:
        next(CronSim(text, datetime(2000, 1, 1)))
    except CronSimError as error:
        raise ValueError(f"is not a cron schedule: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError("is a cron schedule that never comes") from None
    return text


def _zone(text: str) -> str:
    from zoneinfo import available_timezones

    from reconciler.declare.zones import zone

    try:
        zone(text)
    except ValueError as error:
        hint = ""
        if known := available_timezones():
            close = near(text, known)
            hint = f"; did you mean {close}?" if close else ", such as Europe/Paris"
        raise ValueError(f"{error}{hint}") from None
    return text


class WindowModel(Model, frozen=True, kw_only=True):
    """When deletions may, or may not, be sent: schedule and duration, or from and to."""

    kind: Annotated[
        Literal["allow", "deny"],
        Meta(
            description="allow: deletions are sent while it is open; once there is one, nothing is "
            "sent outside every allow window. deny: nothing is sent while it is open; it beats "
            "every allow."
        ),
    ]
    schedule: Annotated[
        Annotated[str, Reads(_cron)] | None,
        Meta(description="Cron, five fields, by the clock of timeZone: when the window opens."),
    ] = None
    duration: Annotated[
        Duration | None, Meta(description="How long it stays open each time, of elapsed time.")
    ] = None
    first: Annotated[Day | None, Meta(description="The first whole day of timeZone.")] = field(
        name="from", default=None
    )
    last: Annotated[Day | None, Meta(description="The last whole day of timeZone, included.")] = (
        field(name="to", default=None)
    )
    time_zone: Annotated[
        Annotated[str, Reads(_zone)],
        Meta(description="IANA name, such as Europe/Paris; messages tell times in it too."),
    ] = "UTC"
    because: Annotated[Line | None, Meta(description="Told to whoever is stopped by it.")] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        written = {"schedule", "duration", "from", "to"} & raw.keys()
        if written not in ({"schedule", "duration"}, {"from", "to"}):
            said = "a window is either schedule with duration, or from with to"
            yield (), said, "write the two that belong together, and only these"
        elif "from" in raw and _order(raw["from"], raw["to"]):
            yield ("to",), "`to` is before `from`", "exchange them"


def _order(first: object, last: object) -> bool:
    """Whether two dates, if they are some, are the wrong way round."""
    return isinstance(first, str) and isinstance(last, str) and len(first) == 10 and last < first


class ApprovalsModel(Model, frozen=True, kw_only=True):
    """Signatures that a plan needs."""

    required: Positive
    above: Annotated[Whole, Meta(description="Only when more targets than this are planned.")] = 0
    allowed_signers: Line
    aliases: dict[str, tuple[Line, ...]] = {}


class AccountGuardsModel(Model, frozen=True):
    """Guards of one account; what is written replaces the project's."""

    max_deletions: MaxDeletionsModel | None = None
    inventory_max_age: Duration | None = None
    running: Literal["refuse", "allow"] | None = None
    protect: tuple[ProtectModel, ...] | None = None
    require: tuple[Literal["owner", "reason", "ticket"], ...] | None = None
    ticket_pattern: Annotated[
        Regex | None, Meta(description="RE2 pattern of the whole ticket.")
    ] = None
    windows: tuple[WindowModel, ...] | None = None


class GuardsModel(AccountGuardsModel, frozen=True):
    """The rules that refuse."""

    plan_max_age: Duration | None = None
    resume_max_age: Duration | None = None
    approvals: ApprovalsModel | None = None
    waivable: tuple[Literal["windows", "approvals"], ...] | None = None


class LimitsModel(Model, frozen=True):
    """An account's pace; what is omitted is the driver's."""

    schema_extra = {"dependentRequired": {"requests": ["per"], "per": ["requests"]}}

    requests: Positive | None = None
    per: Duration | None = None
    concurrency: Positive | None = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if ("requests" in raw) != ("per" in raw):
            said = "requests and per belong together"
            yield (), said, "write both, such as `requests: 1` and `per: 1s`"


def _unread(_: object) -> None:
    """Settings mean something only to the driver, whose model reads them."""


_SETTINGS = Meta(
    description="The driver's own: `reconciler drivers NAME`.",
    extra_json_schema={"type": "object"},
)


class AccountModel(Model, frozen=True):
    """One set of credentials at one vendor."""

    driver: Line
    settings: Annotated[Any, Reads(_unread, text=False), _SETTINGS] = None
    base_url: Annotated[BaseUrl | None, Meta(description="Replaces scheme, host and port.")] = None
    limits: LimitsModel | None = None
    inventory: Annotated[
        Literal["complete", "partial"] | None,
        Meta(description="partial: what is not listed may still exist."),
    ] = None
    before: Annotated[Literal["look"] | None, Meta(description="Look before each request.")] = None
    max_batch: Annotated[Positive | None, Meta(description="Targets a request, at most.")] = None
    proxy: Proxy | None = None
    ca_file: Line | None = None
    guards: AccountGuardsModel | None = None


_TARGETS = ("running", "protected", "resurrected")


class WaiverModel(Model, frozen=True, kw_only=True):
    """Lifts one guard for one target, or for an account's limit."""

    guard: Literal["running", "protected", "resurrected", "max-deletions", "inventory-age"]
    account: Line
    id: Line | None = None
    part: Line | None = None
    count: Annotated[Whole | None, Meta(description="The limit instead (max-deletions only).")] = (
        None
    )
    because: Line
    ticket: Line
    until: Annotated[Day, Meta(description="The last day it holds.")]

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        guard = raw.get("guard")
        if guard in _TARGETS:
            if "id" not in raw:
                yield (), f"a waiver of {guard} is for one target: `id` is missing", "add `id: ...`"
        elif guard in ("max-deletions", "inventory-age"):
            for key in {"id", "part"} & raw.keys():
                yield (key,), f"a waiver of {guard} is for the account", f"remove `{key}`"
        if guard == "max-deletions" and "count" not in raw:
            yield (), "a waiver of max-deletions sets a limit of its own", "add `count: ...`"
        if "count" in raw and isinstance(guard, str) and guard != "max-deletions":
            yield ("count",), "only a waiver of max-deletions has a count", "remove `count`"


def _state(text: str) -> str:
    if text.startswith(("postgresql:", "postgres:")):
        raise ValueError("is on PostgreSQL, which is not supported yet; write sqlite:///PATH")
    if not text.startswith("sqlite:///") or len(text) == len("sqlite:///"):
        raise ValueError("must be sqlite:///PATH, such as sqlite:///.reconciler/state.db")
    return text


Paths = Annotated[tuple[Inside, ...], Meta(min_length=1)]


class SpecModel(Model, frozen=True, kw_only=True):
    """Accounts, guards, waivers and paths."""

    manifests: tuple[Inside, ...] = ("manifests",)
    inventory: Paths = ("inventory.ndjson",)
    state: Annotated[str, Reads(_state)] = "sqlite:///.reconciler/state.db"
    accounts: Annotated[dict[Name, AccountModel], Meta(min_length=1)]
    guards: GuardsModel | None = None
    waivers: tuple[WaiverModel, ...] = ()

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        accounts = raw.get("accounts")
        if not isinstance(accounts, dict):
            return
        for loc, name in _named_accounts(raw, accounts):
            if isinstance(name, str) and name not in accounts:
                yield loc, f"there is no account `{name}`", known_accounts(name, accounts)
        for own, account in accounts.items():
            for loc, name in _protected(account, ("accounts", own)):
                if isinstance(name, str) and name != own:
                    said = f"this protects another account than `{own}`"
                    yield loc, said, "leave `account` out here, or move it to spec.guards"


def known_accounts(name: str, accounts: Mapping[str, object]) -> str:
    """The fix for an account's name that is none."""
    close = near(name, accounts)
    return f"did you mean `{close}`?" if close else f"the accounts are: {', '.join(accounts)}"


def _named_accounts(raw: dict[str, Any], accounts: dict[str, Any]) -> Iterator[tuple[Loc, object]]:
    yield from _protected(raw, ())
    waivers = raw.get("waivers")
    for index, waiver in enumerate(waivers if isinstance(waivers, list) else ()):
        if isinstance(waiver, dict):
            yield ("waivers", index, "account"), waiver.get("account")
    del accounts


def _protected(raw: object, loc: Loc) -> Iterator[tuple[Loc, object]]:
    """Where the guards of *raw* protect which account."""
    guards = raw.get("guards") if isinstance(raw, dict) else None
    entries = guards.get("protect") if isinstance(guards, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and "account" in entry:
            yield (*loc, "guards", "protect", index, "account"), entry["account"]


class ProjectMetadata(Model, frozen=True):
    """Who this project is."""

    name: Name


class ProjectModel(Model, frozen=True):
    """The project file: the only place that may name a host, a credential source or a limit."""

    api_version: Literal["reconciler/v1"]
    kind: Literal["Project"]
    metadata: ProjectMetadata
    spec: SpecModel


# ---------------------------------------------------------------- file -> value

FindDriver = Callable[[str], Driver | None]


def load(
    data: bytes,
    path: str,
    *,
    find_driver: FindDriver,
    driver_names: Sequence[str] | Callable[[], Sequence[str]],
) -> tuple[Project | None, list[Diagnostic]]:
    """The project of a file's bytes, or None with every error; warnings come with a project.

    *driver_names* are asked for only when a driver is not found (listing them may be slow).
    """
    documents, problems = parse(data, path)
    if len(documents) != 1:
        if not problems:
            said, way = (
                ("holds several documents", "keep one of them")
                if documents
                else ("is empty", "`reconciler init` writes one to begin with")
            )
            problems.append(_error(path, None, (), "project", f"the project file {said}", way))
        return None, problems
    document = documents[0]
    checked, found = validate(ProjectModel, document, path)
    problems += found
    written = document.at(("spec", "accounts"))
    settings: dict[str, tuple[Driver, Settings]] = {}
    for name, raw in written.items() if isinstance(written, dict) else ():
        if not isinstance(raw, dict):
            continue
        at = ("spec", "accounts", name)
        driver = _driver(raw.get("driver"), find_driver)
        if driver is None:
            if isinstance(wanted := raw.get("driver"), str) and wanted:
                known = driver_names() if callable(driver_names) else driver_names
                problems.append(_unknown_driver(wanted, known, (document, path, at)))
            continue
        value, found = _settings(driver, document, path, at)
        problems += found
        if value is not None:
            settings[name] = driver, value
    if checked is None or any(one.severity == "error" for one in problems):
        return None, problems
    return _project(checked, settings, document, path, data), problems


def _driver(name: object, find_driver: FindDriver) -> Driver | None:
    return find_driver(name) if isinstance(name, str) else None


def _unknown_driver(
    name: str, known: Sequence[str], where: tuple[Document, str, Loc]
) -> Diagnostic:
    document, path, at = where
    close = near(name, known)
    fix = f"did you mean `{close}`?" if close else f"the drivers are: {', '.join(known)}"
    return _error(path, document, (*at, "driver"), "driver", f"there is no driver `{name}`", fix)


def _settings(
    driver: Driver, document: Document, path: str, at: Loc
) -> tuple[Settings | None, list[Diagnostic]]:
    """The account's settings as the driver's own model. No message quotes a value of them."""
    loc = (*at, "settings")
    if document.at(loc) is not None:
        return checked.validate(driver.settings, document, path, at=loc, echo=False)
    empty, found = checked.validate(driver.settings, parse(b"{}", path)[0][0], path, echo=False)
    line, column = document.blame(loc)
    return empty, [msgspec.structs.replace(one, line=line, column=column) for one in found]


def _error(
    path: str, document: Document | None, loc: Loc, code: str, message: str, fix: str | None
) -> Diagnostic:
    line, column = document.blame(loc) if document else (1, 1)
    return Diagnostic("error", code, message, path, line, column, fix)


# ---------------------------------------------------------------- checked -> frozen


def _project(
    checked: ProjectModel,
    settings: Mapping[str, tuple[Driver, Settings]],
    document: Document,
    path: str,
    data: bytes,
) -> Project:
    spec = checked.spec
    place = _Places(document, path)
    guards = Guards()
    if spec.guards is not None:
        guards = _merged(guards, spec.guards, place, ("spec", "guards"))
    accounts = {
        name: _account(name, account, *settings[name], guards, place)
        for name, account in spec.accounts.items()
    }
    return Project(
        name=checked.metadata.name,
        path=path,
        digest=hashlib.sha256(data).hexdigest(),
        accounts=accounts,
        guards=guards,
        waivers=tuple(
            Waiver(
                guard=one.guard,
                account=one.account,
                because=one.because,
                ticket=one.ticket,
                until=one.until,
                path=path,
                line=place.line(("spec", "waivers", index)),
                id=one.id,
                part=one.part,
                count=one.count,
            )
            for index, one in enumerate(spec.waivers)
        ),
        manifests=spec.manifests,
        inventory=spec.inventory,
        state=spec.state,
    )


class _Places(msgspec.Struct, frozen=True):
    """Where things stand in the project file."""

    document: Document
    path: str

    def line(self, loc: Loc) -> int:
        return self.document.place(loc)[0]

    def raw(self, loc: Loc) -> dict[str, Any]:
        value = self.document.at(loc)
        assert isinstance(value, dict)
        return value


def _account(
    name: str,
    checked: AccountModel,
    driver: Driver,
    settings: Settings,
    guards: Guards,
    place: _Places,
) -> Account:
    if checked.guards is not None:
        guards = _merged(guards, checked.guards, place, ("spec", "accounts", name, "guards"))
    inventory = checked.inventory
    return Account(
        name=name,
        driver=driver.name,
        settings=settings,
        definition=definition(driver, settings, checked.base_url),
        limits=_limits(checked.limits, driver.limits(settings)),
        complete=driver.complete if inventory is None else inventory == "complete",
        guards=guards,
        base_url=checked.base_url,
        before_look=checked.before == "look",
        max_batch=checked.max_batch,
        proxy=checked.proxy,
        ca_file=checked.ca_file,
    )


def _limits(written: LimitsModel | None, own: Limits) -> Limits:
    if written is None:
        return own
    return Limits(
        requests=written.requests or own.requests,
        per=written.per.total_seconds() if written.per else own.per,
        concurrency=written.concurrency or own.concurrency,
    )


def definition(driver: Driver, settings: Settings, base_url: str | None) -> str:
    """The digest that says an account is still the same: driver, settings, where it goes.

    A credential counts by its source, never by its value.
    """
    known = {
        "driver": driver.name,
        "settings": _plain(settings),
        "baseUrl": base_url or driver.base_url(settings),
    }
    text = json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    match value:
        case Credential():
            return value.source
        case BaseModel():
            return {key: _plain(inner) for key, inner in by_key(value).items()}
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case set() | frozenset():
            return sorted(str(inner) for inner in value)
        case None | bool() | int() | float():
            return value
    return str(value)


def _merged(base: Guards, written: AccountGuardsModel, place: _Places, at: Loc) -> Guards:
    """*base* with every key replaced that is *written*."""
    new: dict[str, Any] = {
        name: value
        for name in ("running", "require", "ticket_pattern", "inventory_max_age")
        if (value := getattr(written, name)) is not None
    }
    if written.inventory_max_age is not None:
        new["inventory_max_age_written"] = True
    if (most := written.max_deletions) is not None:
        new["max_deletions"] = MaxDeletions(most.count, most.percent, most.per)
    if written.protect is not None:
        new["protect"] = tuple(
            _protection(one, place, (*at, "protect", index))
            for index, one in enumerate(written.protect)
        )
    if written.windows is not None:
        new["windows"] = tuple(
            _window(one, place, (*at, "windows", index))
            for index, one in enumerate(written.windows)
        )
    if isinstance(written, GuardsModel):
        new |= _of_project(written)
    return msgspec.structs.replace(base, **new)


def _of_project(written: GuardsModel) -> dict[str, Any]:
    """The guards that only the project has."""
    new: dict[str, Any] = {
        name: value
        for name in ("plan_max_age", "resume_max_age", "waivable")
        if (value := getattr(written, name)) is not None
    }
    if (one := written.approvals) is not None:
        new["approvals"] = Approvals(one.required, one.above, one.allowed_signers, one.aliases)
    return new


def _protection(checked: ProtectModel, place: _Places, at: Loc) -> Protect:
    match = checked.match
    return Protect(
        because=checked.because,
        path=place.path,
        line=place.line(at),
        account=checked.account,
        id=checked.id,
        name=checked.name,
        match=None if match is None else match.selector(place.raw((*at, "match"))),
    )


def _window(checked: WindowModel, place: _Places, at: Loc) -> Window:
    return Window(
        kind=checked.kind,
        schedule=checked.schedule,
        duration=checked.duration,
        first=checked.first,
        last=checked.last,
        time_zone=checked.time_zone,
        because=checked.because,
        path=place.path,
        line=place.line(at),
    )


assert API_VERSION == "reconciler/v1"

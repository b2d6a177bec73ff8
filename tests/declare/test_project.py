"""reconciler.yaml: everything of the contract is read, everything else is refused in its place."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import pytest
from pydantic import Field

from reconciler.declare import project
from reconciler.declare.project import Guards, MaxDeletions, ProjectFile, Window
from reconciler.driver import Credential, Driver, Settings
from reconciler.errors import Diagnostic
from reconciler.model import Limits
from tests.support.zones import no_zone_data


class Own(Settings):
    """Settings of an imaginary vendor."""

    tenant: Annotated[str, Field(pattern="^[a-z0-9_]+$")]
    api_key: Credential
    bulk: bool = True


def _never(*_: Any) -> Any:
    raise AssertionError("reading a project asks no vendor")


DRIVER = Driver(
    name="acme",
    title="Acme",
    call="DELETE /campaigns/ID",
    docs="https://acme.example",
    settings=Own,
    complete=True,
    base_url=lambda settings: f"https://{settings.tenant}.acme.example",
    limits=lambda _: Limits(requests=10, per=60.0, concurrency=4),
    scope=lambda settings: str(settings.tenant),
    unsafe=_never,
    delete=_never,
    judge=_never,
    gate=_never,
)


def find(name: str) -> Driver | None:
    return DRIVER if name == "acme" else None


def load(text: str) -> tuple[ProjectFile | None, list[Diagnostic]]:
    return project.load(
        text.encode(), "reconciler.yaml", find_driver=find, driver_names=("acme", "other")
    )


def written(spec: str = "", account: str = "", settings: str = "") -> str:
    """A project file with more in its spec, its account or the account's settings."""

    def indented(text: str, by: int) -> str:
        return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())

    return (
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: acme-messaging}\nspec:\n"
        "  accounts:\n    push:\n      driver: acme\n      settings:\n"
        "        tenant: t1\n        apiKey: {env: ACME_KEY}\n"
        + indented(settings, 8)
        + indented(account, 6)
        + indented(spec, 2)
    )


def read(spec: str = "", account: str = "", settings: str = "") -> ProjectFile:
    found, problems = load(written(spec, account, settings))
    assert problems == []
    assert found is not None
    return found


def told(spec: str = "", account: str = "", settings: str = "") -> list[Diagnostic]:
    found, problems = load(written(spec, account, settings))
    assert found is None
    return problems


def refused(spec: str = "", account: str = "", settings: str = "") -> Diagnostic:
    (one,) = told(spec, account, settings)
    assert one.line is not None
    return one


def test_what_is_omitted_has_the_contracts_defaults() -> None:
    found = read()
    account = found.accounts["push"]
    assert found.guards == account.guards == Guards()
    assert found.guards.max_deletions == MaxDeletions(count=50)
    assert (found.manifests, found.inventory) == (("manifests",), ("inventory.ndjson",))
    assert found.state == "sqlite:///.reconciler/state.db"
    assert account.limits == Limits(requests=10, per=60.0, concurrency=4)
    assert (account.complete, account.before_look, account.base_url) == (True, False, None)
    assert account.settings.bulk is True


def test_every_key_of_an_account_is_read() -> None:
    account = read(
        account="""\
baseUrl: http://127.0.0.1:8080/acme/
limits: {requests: 1, per: 2m, concurrency: 3}
inventory: partial
before: look
maxBatch: 7
proxy: http://proxy.acme.example:3128
caFile: /etc/ssl/acme.pem""",
        settings="bulk: false",
    ).accounts["push"]
    assert account.base_url == "http://127.0.0.1:8080/acme"
    assert account.limits == Limits(requests=1, per=120.0, concurrency=3)
    assert (account.complete, account.before_look, account.max_batch) == (False, True, 7)
    assert account.proxy is not None
    assert account.proxy.url == "http://proxy.acme.example:3128"
    assert account.ca_file == "/etc/ssl/acme.pem"
    assert account.settings.bulk is False


def test_a_state_is_a_file_or_a_variable() -> None:
    assert read("state: sqlite:///x.db").state == "sqlite:///x.db"
    assert read("state: {env: RECONCILER_STATE}").state == Credential(env="RECONCILER_STATE")


def test_scope_and_copies_are_read() -> None:
    account = read(account="scope: acme-au\nkeepCopy: true").accounts["push"]
    assert (account.scope, account.keep_copy) == ("acme-au", True)
    assert read().accounts["push"].keep_copy is None


def test_every_guard_is_read() -> None:
    guards = read(
        r"""guards:
  maxDeletions: {percent: 10, per: 24h}
  inventoryMaxAge: 30m
  planMaxAge: 8d
  resumeMaxAge: 60s
  running: allow
  protect:
    - {account: push, match: {labels: {tier: evergreen}, status: running}, because: Hold}
    - {id: 0x1F, because: Law}
  require: [owner, ticket]
  ticketPattern: CHG-\d{4,}
  windows:
    - {kind: allow, schedule: "0 9 * * 1-4", duration: 8h, timeZone: Europe/Paris}
    - {kind: deny, from: 2026-12-20, to: 2027-01-04, because: Freeze}
  approvals: {required: 2, allowedSigners: signers, aliases: {octocat: [a@acme.example]}}
  waivable: [windows]""".replace("0x1F", '"0x1F"')
    ).guards
    assert guards.max_deletions == MaxDeletions(percent=10, per=timedelta(hours=24))
    assert (guards.inventory_max_age, guards.inventory_max_age_written) == (
        timedelta(minutes=30),
        True,
    )
    assert (guards.plan_max_age, guards.resume_max_age) == (
        timedelta(days=8),
        timedelta(seconds=60),
    )
    assert guards.running == "allow"
    first, second = guards.protect
    assert first.match is not None
    assert first.match.labels == {"tier": "evergreen"}
    assert first.match.text == "status running, label tier=evergreen"
    assert (second.id, second.account, second.because, second.line) == ("0x1F", None, "Law", 19)
    assert guards.require == ("owner", "ticket")
    assert guards.ticket_pattern == r"CHG-\d{4,}"
    assert guards.windows[0] == Window(
        kind="allow",
        schedule="0 9 * * 1-4",
        duration=timedelta(hours=8),
        time_zone="Europe/Paris",
        path="reconciler.yaml",
        line=23,
    )
    assert (guards.windows[1].first, guards.windows[1].last) == (
        date(2026, 12, 20),
        date(2027, 1, 4),
    )
    assert guards.approvals is not None
    assert (guards.approvals.required, guards.approvals.above) == (2, 0)
    assert guards.approvals.aliases == {"octocat": ("a@acme.example",)}
    assert guards.waivable == ("windows",)


def test_an_accounts_guards_replace_key_by_key() -> None:
    guards = "guards: {maxDeletions: {count: 9, percent: 5}, running: allow, require: [owner]}"
    own = "guards: {maxDeletions: {count: 200}, windows: []}"
    found = read(guards, own)
    assert found.accounts["push"].guards.max_deletions == MaxDeletions(count=200)
    assert found.accounts["push"].guards.running == "allow"
    assert found.accounts["push"].guards.require == ("owner",)
    assert found.guards.max_deletions == MaxDeletions(count=9, percent=5)


def test_waivers_are_read() -> None:
    rest = "because: b, ticket: T-1, until: 2026-12-01"
    one, two = read(
        f"waivers:\n  - {{guard: running, account: push, id: x, part: '91', {rest}}}\n"
        f"  - {{guard: max-deletions, account: push, count: 80, {rest}}}"
    ).waivers
    assert (one.guard, one.id, one.part, one.until) == ("running", "x", "91", date(2026, 12, 1))
    assert (two.count, two.id, two.line) == (80, None, 13)


@pytest.mark.parametrize(
    ("spec", "place", "words"),
    [
        ("maniests: [x]", (11, 3), "unknown key `maniests`"),
        ("manifests: [../x]", (11, 15), "path inside the project"),
        ("inventory: [/etc/x]", (11, 15), "path inside the project"),
        ("state: postgresql://u:sekret@h/d", (11, 10), "must not be written here"),
        ("state: {url: postgresql://u:sekret@h/d}", (11, 3), "neither sqlite:///PATH nor"),
        ("state: {env: sk_live_sekret}", (11, 3), "looks like the secret itself"),
        ("state: {file: x}", (11, 3), "neither sqlite:///PATH nor"),
        ("state: {env: }", (11, 3), "must say where the secret is"),
        ("state: sqlite://x", (11, 10), "must be sqlite:///PATH"),
        ("guards: {maxDeletions: {percent: 101}}", (11, 36), "at most 100"),
        ("guards: {maxDeletions: {count: 1_0}}", (11, 34), "whole number"),
        ("guards: {maxDeletions: {per: 1h}}", (11, 12), "count or percent"),
        ("guards: {planMaxAge: 1d12h}", (11, 24), "not a duration"),
        ("guards: {planMaxAge: 0d}", (11, 24), "more than nothing"),
        ("guards: {planMaxAge: 9999999999d}", (11, 24), "more than nothing"),
        ("guards: {planMaxAge: }", (11, 12), "is empty"),
        ("guards: {running: refused}", (11, 21), "cannot be `refused`"),
        ("guards: {require: [owner, tickt]}", (11, 29), "cannot be `tickt`"),
        (r"guards: {ticketPattern: (?=C)\d}", (11, 27), "look-ahead"),
        (r"guards: {ticketPattern: (a)\1}", (11, 27), "back-reference"),
        ("guards: {ticketPattern: (a}", (11, 27), "not an RE2 pattern"),
        ("guards: {protect: [{account: pusj, id: x, because: y}]}", (11, 32), "no account `pusj`"),
        ("guards: {protect: [{id: x, name: y, because: z}]}", (11, 22), "exactly one of"),
        ("guards: {protect: [{because: z}]}", (11, 22), "exactly one of"),
        ("guards: {protect: [{id: x}]}", (11, 22), "`because` is missing"),
        ("guards: {windows: [{kind: deny, from: 2026-01-01}]}", (11, 22), "schedule with duration"),
        (
            "guards: {windows: [{kind: deny, from: 2026-01-02, to: 2026-01-01}]}",
            (11, 57),
            "before",
        ),
        (
            "guards: {windows: [{kind: deny, schedule: 0 9 * * 8, duration: 1h}]}",
            (11, 45),
            "not a cron",
        ),
        (
            "guards: {windows: [{kind: deny, schedule: 0 0 9 * * 1, duration: 1h}]}",
            (11, 45),
            "five",
        ),
        (
            "guards: {windows: [{kind: deny, from: 2026-01-01, to: 2026-01-02, timeZone: Paris}]}",
            (11, 79),
            "IANA",
        ),
        (
            "guards: {windows: [{kind: deny, from: 2026-01-01, to: 2026-01-02, timeZone: ../x}]}",
            (11, 79),
            "IANA",
        ),
        (
            "guards: {windows: [{kind: deny, schedule: 0 9 * * 1, duration: 401d}]}",
            (11, 66),
            "longer than a window may be",
        ),
        ("guards: {approvals: {required: 0, allowedSigners: x}}", (11, 34), "at least 1"),
        ("guards: {approvals: {required: 1}}", (11, 12), "`allowedSigners` is missing"),
        ("guards: {waivable: [max-deletions]}", (11, 23), "cannot be"),
    ],
)
def test_a_mistake_of_the_spec_is_placed(spec: str, place: tuple[int, int], words: str) -> None:
    one = refused(spec)
    assert (one.line, one.column) == place
    assert words in one.message
    assert one.fix
    assert "sekret" not in str(one)


def test_without_time_zone_data_the_way_out_is_told() -> None:
    rule = "{kind: deny, from: 2026-01-01, to: 2026-01-02, timeZone: Europe/Paris}"
    with no_zone_data():
        one = refused(f"guards: {{windows: [{rule}]}}")
    assert "cannot be looked up: there is no time zone data here" in one.message
    assert "pip install tzdata" in (one.fix or "")


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("baseUrl: http://acme.example", "must be https"),
        ("baseUrl: http://127.1", "must be https"),
        ("baseUrl: http://localhost.evil.example", "must be https"),
        ("baseUrl: https://user:sekret@acme.example", "user name or password"),
        ("baseUrl: https://acme.example/x?key=sekret", "query"),
        ("baseUrl: https://acme.example/#", "query"),
        ("baseUrl: https://acme.example/a/../b", "steps"),
        ("baseUrl: https://acme.example:99999", "not a URL"),
        ("baseUrl: https://", "not a URL"),
        ("baseUrl: ftp://acme.example", "not a URL"),
        (r'baseUrl: "https://acme.example\n.evil"', "not a URL"),
        (r"baseUrl: https://acme.example\x", "not a URL"),
        ("proxy: http://u:sekret@proxy", "user name or password"),
        ("proxy: socks5://proxy", "not a URL"),
        ("proxy: proxy:3128", "not a URL"),
        ("proxy: {url: socks5://proxy}", "not a URL"),
        ("proxy: {url: http://u:sekret@proxy}", "user name or password"),
        ("proxy: {user: {env: U}, password: {env: P}}", "`url` is missing"),
        ("proxy: {url: http://proxy, user: {env: U}}", "belong together"),
        ("proxy: {url: http://proxy, user: {env: U}, password: sekret}", "never hold it"),
        ("proxy: {url: http://proxy, token: {env: U}}", "unknown key `token`"),
        ("limits: {requests: 1}", "belong together"),
        ("limits: {requests: 0, per: 1s}", "at least 1"),
        ("limits: {concurrency: -1}", "whole number"),
        ("inventory: full", "cannot be `full`"),
        ("before: never", "cannot be `never`"),
        ("keepCopy: false", "cannot be `false`"),
        ("maxBatch: 0", "at least 1"),
        ("guards: {planMaxAge: 1d}", "unknown key `planMaxAge`"),
        ("guards: {approvals: {required: 1, allowedSigners: x}}", "unknown key `approvals`"),
        ("guards: {protect: [{account: other, id: x, because: y}]}", "another account"),
    ],
)
def test_a_mistake_of_an_account_is_placed(account: str, words: str) -> None:
    one = refused(account=account)
    assert one.line == 11
    assert words in one.message
    assert one.fix
    assert "sekret" not in str(one)


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.9.9.9", "http://[::1]:8/x", "https://a.example/b/"]
)
def test_plain_http_stays_on_this_machine(url: str) -> None:
    assert read(account=f"baseUrl: {url!r}").accounts["push"].base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("waiver", "words"),
    [
        ("guard: running", "`id` is missing"),
        ("guard: resurrected, part: x", "`id` is missing"),
        ("guard: max-deletions", "a limit of its own"),
        ("guard: max-deletions, count: 5, id: x", "is for the account"),
        ("guard: max-deletions, count: 5, parts: all", "is for the account"),
        ("guard: running, id: x, part: '1', parts: all", "for one part or for all"),
        ("guard: running, id: x, parts: '1'", "cannot be `1`"),
        ("guard: inventory-age, id: x", "is for the account"),
        ("guard: inventory-age, count: 5", "only a waiver of max-deletions"),
        ("guard: windows, id: x", "cannot be `windows`"),
    ],
)
def test_a_waiver_lifts_one_guard_for_what_it_may(waiver: str, words: str) -> None:
    rest = "account: push, because: b, ticket: T, until: 2026-12-01"
    assert words in refused(f"waivers: [{{{waiver}, {rest}}}]").message


def test_a_waiver_says_because_ticket_until_and_an_account_there_is() -> None:
    said = [one.message for one in told("waivers: [{guard: inventory-age, account: pussh}]")]
    assert any("no account `pussh`" in one for one in said)
    for key in ("because", "ticket", "until"):
        assert any(f"`{key}` is missing" in one for one in said)


@pytest.mark.parametrize(
    "literal",
    [
        "sekret",
        "[sekret]",
        "{value: sekret}",
        "{sekret: }",
        "{env: sekret-123}",
        "{env: sekret, file: sekret}",
        "'0123 sekret'",
        "{env: [sekret]}",
    ],
)
def test_a_literal_credential_is_refused_and_never_shown(literal: str) -> None:
    text = written().replace("{env: ACME_KEY}", literal)
    found, (one,) = load(text)
    assert found is None
    assert (one.code, one.line) == ("credential", 10)
    assert "{env: API_KEY}" in (one.fix or "")
    assert "sekret" not in str(one)


def test_a_secret_in_the_wrong_setting_is_not_shown() -> None:
    for text in (
        written().replace("tenant: t1", "tenant: SEKRET!"),
        written().replace("tenant: t1", "tenant: 0_1"),
        written(settings="bulk: SEKRET"),
        written().replace("      settings:", "      settings: SEKRET\n      x:", 1),
    ):
        said = "".join(map(str, load(text)[1]))
        assert said
        assert "SEKRET" not in said
        assert "0_1" not in said


def test_settings_are_the_drivers_own_with_places() -> None:
    text = written(settings="bulkk: true").replace("tenant: t1", "api_key: {env: X}")
    assert [(one.line, one.column, one.message) for one in load(text)[1]] == [
        (9, 9, "unknown key `api_key`"),
        (11, 9, "unknown key `bulkk`"),
        (8, 7, "`tenant` is missing in `spec.accounts.push.settings`"),
    ]


def test_an_unknown_driver_is_told_with_the_nearest_name() -> None:
    (one,) = load(written().replace("driver: acme", "driver: acm"))[1]
    assert (one.line, one.column, one.fix) == (7, 15, "did you mean `acme`?")


def test_driver_names_are_not_listed_when_every_driver_is_known() -> None:
    def names() -> tuple[str, ...]:
        raise AssertionError

    data = written().encode()
    assert project.load(data, "r", find_driver=find, driver_names=names)[0] is not None


def test_a_text_that_yaml_reads_otherwise_is_a_warning_with_the_quoted_form() -> None:
    found, (one,) = load(written("guards: {protect: [{id: 0123, because: 5}]}"))
    assert found is not None
    assert found.guards.protect[0].id == "0123"
    assert (one.severity, one.line, one.column) == ("warning", 11, 27)
    assert one.fix == 'write "0123"'


def test_account_names_are_plain_words() -> None:
    (one,) = load(written().replace("    push:", "    a/b:"))[1]
    assert (one.line, one.column) == (6, 5)


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: 1\n---\nb: 2\n", "- a", "x", "[", "\x00"])
def test_a_file_that_is_no_project_is_an_error(text: str) -> None:
    found, problems = load(text)
    assert found is None
    assert problems


def _definition(change: Callable[[str], str]) -> str:
    found, _ = load(change(written()))
    assert found is not None
    return found.accounts["push"].definition


def test_a_definition_knows_driver_settings_and_url_and_no_secret() -> None:
    same = _definition(str)
    assert same.startswith("sha256:")
    assert len(same) == len("sha256:") + 64
    assert _definition(lambda text: text.replace("  name: x", "")) == same
    assert _definition(lambda text: text + "      maxBatch: 5\n") == same
    assert _definition(lambda text: text.replace("t1", "t2")) != same
    assert _definition(lambda text: text.replace("ACME_KEY", "OTHER")) != same
    assert _definition(lambda text: text.replace("{env: ACME", "{file: ACME")) != same
    assert _definition(lambda text: text + "      baseUrl: https://x.example\n") != same


@pytest.mark.parametrize(
    ("condition", "field", "value"),
    [
        ("createdBefore: 2025-01-01", "created_before", datetime(2025, 1, 1, tzinfo=UTC)),
        (
            "createdAfter: 2025-01-01",
            "created_after",
            datetime(2025, 1, 1, 23, 59, 59, 999999, tzinfo=UTC),
        ),
        (
            "updatedAfter: 9999-12-31",
            "updated_after",
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        ),
        (
            "updatedBefore: '2025-01-01T09:00:00+02:00'",
            "updated_before",
            datetime(2025, 1, 1, 7, tzinfo=UTC),
        ),
        ("createdAfter: 2025-01-01T09:00", "created_after", datetime(2025, 1, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_date_is_the_whole_utc_day(condition: str, field: str, value: datetime) -> None:
    found = read(f"guards: {{protect: [{{match: {{{condition}}}, because: x}}]}}")
    assert getattr(found.guards.protect[0].match, field) == value


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-30",
        "20250101",
        "2025-W01-1",
        "2025-1-1",
        "soon",
        "'0001-01-01T00:00:00+14:00'",
        "2025-01-01T25:00:00Z",
        "٢٠٢٥-٠١-٠١",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    refused(f"guards: {{protect: [{{match: {{createdBefore: {text}}}, because: x}}]}}")


def test_a_proxy_and_a_vendor_are_each_told_how_their_address_is_written() -> None:
    assert refused(account="proxy: there:31").fix == "write http://HOST:PORT"
    assert refused(account="baseUrl: there:31").fix == "write https://HOST"

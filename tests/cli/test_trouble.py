"""One account's trouble stays its own: a report is told, and the other accounts finish."""

import base64
import json
import shutil
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler import drivers
from reconciler.driver import Driver
from tests.lanes.test_send import always
from tests.support.apply_site import Site, campaigns, sandbox
from tests.support.leaps import leaping
from tests.support.wire_server import Got, Wire, plain, serving_in_a_thread


def bug(*_: Any) -> Any:
    raise KeyError("s3cr3t words of a vendor")


def bug_in_a_flow(*_: Any) -> Any:
    yield from ()
    bug()


def broken(monkeypatch: pytest.MonkeyPatch, name: str, **functions: Any) -> None:
    """The driver *name* has *functions* of another author."""
    found = drivers.find

    def find(wanted: str) -> Driver | None:
        one = found(wanted)
        return replace(one, **functions) if one is not None and one.name == name else one

    monkeypatch.setattr(drivers, "find", find)


def test_a_driver_that_fails_costs_its_own_account_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "kore", judge=bug)
    site.plan("--account", "push", "--account", "contact")
    code, report = site.report("--first-run", "--max-wait", "1s")  # no look after the doubt
    assert code == 6
    assert report["summary"]["deleted"] == 3
    of_contact = [one for one in report["targets"] if one["account"] == "contact"]
    assert {one["outcome"] for one in of_contact} <= {"in-doubt", "pending"}
    assert "the driver kore failed: KeyError in test_trouble.py" in of_contact[0]["detail"]
    assert "s3cr3t" not in site.out + site.err


@pytest.mark.parametrize("how", ["removed", "emptied", "replaced"])
def test_a_state_that_is_taken_away_stops_its_run(bare: Site, how: str) -> None:
    """By `git clean`, or a cache that is put back: a second run must not begin beside this one."""
    state, asked = bare.root / ".reconciler", []

    async def serve(wire: Wire, got: Got) -> None:
        if got.method == "POST":
            asked.append(got.line)
            if len(asked) == 2:
                state.rename(bare.root / "aside")
                if how != "removed":
                    state.mkdir()
                if how == "replaced":
                    shutil.copytree(bare.root / "aside", state, dirs_exist_ok=True)
        wire.write(plain("200 OK", b"{}" if got.method == "POST" else listed))

    names = [one for one in campaigns() if one["account"] == "push"]
    listed = json.dumps({"orchestrations": names, "has_more": False}).encode()
    bare.accounts = {"push": bare.accounts["push"]}
    for one in ("ios", "contact", "dialer", "sms"):
        (bare.root / "manifests" / f"{one}.yaml").unlink()
    bare.inventory(names)
    with serving_in_a_thread(serve) as url:
        bare.write(url=url)
        bare.plan()
        assert bare.apply() == 1
    assert "taken away" in bare.err
    assert len(asked) == 2


@pytest.mark.parametrize("what", ["reports", "audit.ndjson", "plans"])
def test_what_happened_is_told_though_it_cannot_be_kept(bare: Site, what: str) -> None:
    """A folder stands where a file belongs, or a file where a folder does, from the start on."""
    place = bare.root / ".reconciler" / what
    place.parent.mkdir()
    if what == "audit.ndjson":
        place.mkdir()
    else:
        place.write_text("mine")
    with sandbox() as url:
        bare.url = url
        bare.write()
        bare.plan("--account", "push")
        assert bare.apply("--format", "json") == 1
        if what == "reports":  # all else is kept before the first request
            assert json.loads(bare.out)["summary"]["deleted"] == 3
        else:
            assert [row for row in bare.ledger() if row["effect"]] == []
        assert what in bare.err


def test_a_retry_after_beyond_any_calendar_is_ignored(site: Site) -> None:
    said = plain("429 Slow", b"{}", "Retry-After: Mon, 01 Jan 99999999999 00:00:00 GMT")
    with serving_in_a_thread(always(said)) as url:
        site.accounts["contact"] = site.accounts["contact"].replace("URL/kore", url)
        site.write()
        site.plan("--account", "push", "--account", "contact")
        code, report = site.report("--first-run", "--max-wait", "1s")
    assert code == 5
    assert (report["summary"]["deleted"], report["summary"]["pending"]) == (3, 3)


def test_a_pull_writes_the_accounts_that_had_no_trouble(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, "kore", list=bug_in_a_flow)
    assert site.run("inventory", "pull", "--account", "push", "--account", "contact") == 5
    assert "the driver kore failed: KeyError" in site.err + site.out
    assert "s3cr3t" not in site.out + site.err
    text = (site.root / "inventory.ndjson").read_text()
    assert "push-new-0" in text


def test_an_accounts_timeout_is_that_of_one_request(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaping(monkeypatch.setattr)

    async def silent(wire: Wire, got: Got) -> None:
        wire.stays = True

    with serving_in_a_thread(silent) as url:
        kore = site.accounts["contact"].replace("URL/kore", url)
        site.accounts["contact"] = f"{kore}, timeout: 1s, maxBatch: 1"
        site.write()
        site.plan("--account", "contact")
        code, report = site.report("--first-run", "--limit", "1", "--max-wait", "1s")
    assert code == 5
    (detail,) = {one["detail"] for one in report["targets"] if "within" in (one["detail"] or "")}
    assert "no whole answer within 1 s" in detail


# ---------------------------------------------------------------- through a proxy


def through(site: Site, url: str) -> None:
    known = "user: {env: PROXY_USER}, password: {file: proxy.key}"
    (site.root / "proxy.key").write_text("pr0xy-p4ssw0rd\n")
    site.accounts = {"push": site.accounts["push"] + f", proxy: {{url: {url}, {known}}}"}
    site.write(url="http://127.0.0.1:9")
    for one in ("ios", "contact", "dialer", "sms"):
        (site.root / "manifests" / f"{one}.yaml").unlink()
    site.inventory([one for one in campaigns() if one["account"] == "push"])
    site.plan()


def test_a_proxy_is_told_who_we_are_and_its_password_is_a_secret(
    bare: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_USER", "us")
    heard: list[Got] = []

    async def serve(wire: Wire, got: Got) -> None:
        heard.append(got)
        said = f'{{"error_message": "who is {got.headers["proxy-authorization"]}?"}}'
        wire.write(plain("400 Bad", said.encode()))

    with serving_in_a_thread(serve) as url:
        through(bare, url)
        code, report = bare.report("--first-run", "--max-wait", "1s")
    basic = base64.b64encode(b"us:pr0xy-p4ssw0rd").decode()
    assert {one.headers["proxy-authorization"] for one in heard} == {f"Basic {basic}"}
    assert heard[0].target.startswith("http://127.0.0.1:9/")
    assert (code, report["summary"]["pending"]) == (5, 3)
    assert basic not in bare.out + bare.err


def test_a_missing_password_for_a_proxy_is_told_before_anything_is_sent(bare: Site) -> None:
    through(bare, "http://127.0.0.1:1")
    (bare.root / "proxy.key").unlink()
    assert bare.apply("--first-run") == 1
    assert "account push: " in bare.err
    assert "proxy.key" in bare.err or "PROXY_USER" in bare.err


def test_what_a_listing_shows_and_nobody_can_read_is_counted_named_and_kept_unknown(
    bare: Site,
) -> None:
    """A date that may be two days is none; what an exception asks of it stays open."""
    odd: dict[str, Any] = {
        "a": {"created_date": "01/02/2024"},
        "b": {"created_date": 1704067200},
        "c": {"name": "half \ud83d of it"},
        "d": {"labels": "tier:evergreen"},
    }
    odd |= {f"e{n}": {"created_date": "soon"} for n in range(20)}
    plain_ = {"name": "old 1", "created_date": "2024-01-01T00:00:00Z", "labels": []}
    items = [{"id": id_, **plain_, **odd.get(id_, {})} for id_ in [*odd, "z"]]
    body = json.dumps({"orchestrations": items, "has_more": False}).encode()
    bare.leave("push")
    with serving_in_a_thread(always(plain("200 OK", body))) as url:
        bare.accounts["push"] = bare.accounts["push"].replace("URL/batch", url)
        bare.write()
        assert bare.run("inventory", "pull", "--allow-shrink", "push", "--max-wait", "1s") == 0
        assert "24 not read whole: a (createdAt), b (createdAt), c (name), d (labels)" in bare.out
        assert "more" in bare.out
        pulled = bare.run("inventory", "pull", "--format", "json", "--max-wait", "1s")
        assert pulled == 0
    (told,) = json.loads(bare.out)["accounts"].values()
    assert set(told["odd"]) == set(odd)
    records = (bare.root / "inventory.ndjson").read_text().splitlines()
    unknown = {one["id"]: one.get("unknown") for one in map(json.loads, records) if "id" in one}
    assert (unknown["a"], unknown["d"], unknown["z"]) == (["createdAt"], ["labels"], None)
    hold = "{account: push, match: {createdBefore: 2024-02-01}, because: Hold}"
    bare.guards = f"protect: [{hold}]"
    bare.write()
    actions = {one["id"]: one for one in bare.plan()["actions"]}
    assert actions["z"]["reason"] == "protected"
    for id_ in ("a", "b", "e0"):
        assert actions[id_]["action"] == "delete"
        (why,) = actions[id_]["lookFirst"]
        assert (why["because"], why["field"]) == ("protected", "createdAt")

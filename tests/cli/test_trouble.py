"""One account's trouble stays its own: a report is told, and the other accounts finish."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler import drivers
from reconciler.driver import Driver
from tests.lanes.test_send import always
from tests.support.apply_site import Site
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


def test_an_accounts_timeout_is_that_of_one_request(site: Site) -> None:
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

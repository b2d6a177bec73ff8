"""`pull`: what exists now is asked of the vendor and written down; nothing is printed."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

import reconciler
from reconciler.sandbox import create_app, serve
from tests.api.conftest import PROJECT

CAMPAIGNS = [
    {"account": "push", "id": f"c{number}", "name": f"N {number}", "status": "completed"}
    for number in range(1, 4)
]
ENVIRON = {"CEP_KEY": "sandbox-key"}


@pytest.fixture
def vendor(root: Path):
    """The address of a sandbox that holds three campaigns; the project goes there."""
    tenants = {"push": ("batch-cep", {"project": "project_1"})}
    with serve(create_app(CAMPAIGNS, tenants, 500), 0) as url:
        at = f"env: CEP_KEY}}}}, baseUrl: {url}/batch, limits: {{requests: 50, per: 1s}}}}"
        (root / "reconciler.yaml").write_text(PROJECT.replace("env: CEP_KEY}}}", at))
        yield url


def listed(root: Path, name: str = "inventory.ndjson") -> list[str]:
    lines = [json.loads(line) for line in (root / name).read_text().splitlines()]
    return [one["id"] for one in lines if "id" in one]


def test_an_inventory_is_pulled(vendor: str, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    made = reconciler.open_project(root, environ=ENVIRON).pull()
    assert (made.path, made.exit_code, made.written) == (root / "inventory.ndjson", 0, True)
    account = made.accounts["push"]
    assert (account.result, account.why, account.pages) == ("complete", None, 1)
    assert listed(root) == ["c1", "c2", "c3"]
    assert capfd.readouterr() == ("", "")
    after = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert after == before


def test_it_is_pulled_under_a_running_event_loop_into_another_file(vendor: str, root: Path) -> None:
    async def inside() -> reconciler.InventoryPull:
        return reconciler.open_project(root, environ=ENVIRON).pull(out=root / "new.ndjson")

    assert asyncio.run(inside()).exit_code == 0
    assert listed(root, "new.ndjson") == ["c1", "c2", "c3"]


def test_who_listens_is_told_what_goes_on(vendor: str, root: Path) -> None:
    told: list[str] = []
    project = reconciler.open_project(root, environ=ENVIRON)
    project.pull(accounts="push", on_event=lambda event: told.append(event.kind))
    assert told[0] == "account-started"
    assert told[-1] == "account-done"


def test_without_its_credential_nothing_is_sent(vendor: str, root: Path) -> None:
    with pytest.raises(reconciler.InputError, match="CEP_KEY is not set") as told:
        reconciler.open_project(root, environ={}).pull()
    assert [one.code for one in told.value.diagnostics] == ["credential"]


def test_a_stop_that_is_set_ends_it_and_leaves_the_file(vendor: str, root: Path) -> None:
    stop, before = reconciler.Stop(), (root / "inventory.ndjson").read_bytes()
    stop.set()
    made = reconciler.open_project(root, environ=ENVIRON).pull(stop=stop)
    assert (made.interrupted, made.exit_code, made.written) == (True, 130, False)
    assert (root / "inventory.ndjson").read_bytes() == before

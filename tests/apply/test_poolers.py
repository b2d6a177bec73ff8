"""A pooler before the database of the state: one in session mode does, another is refused."""

import shutil

import pytest

from tests.support.apply_site import Site
from tests.support.pgbouncer import pooler
from tests.support.postgres import Postgres

STATE = "  state: {env: RECONCILER_STATE}\n"


def planned(site: Site) -> None:
    site.more = STATE
    site.manifest("push")
    site.write()
    site.plan()


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("size", [1, 20])
def test_where_a_connection_is_not_ones_own_nothing_is_sent(
    site: Site, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, mode: str, size: int
) -> None:
    with postgres.database("site") as name, pooler(postgres, name, mode, size=size) as url:
        monkeypatch.setenv("RECONCILER_STATE", url)
        planned(site)
        for command in (("db", "check"), ("apply", str(site.root / "plan.json"))):
            assert site.run(*command) == 1, site.err
            assert "a pool in session mode" in site.err
    assert site.effects() == []


def test_behind_one_in_session_mode_workers_work(
    site: Site, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.database("site") as name, pooler(postgres, name, "session") as url:
        monkeypatch.setenv("RECONCILER_STATE", url)
        planned(site)
        assert site.run("db", "check") == 0, site.err
        assert site.apply("--workers", "--detach", "--first-run") == 0, site.err
        worker = site.root.parent / "worker"
        shutil.copytree(site.root, worker)
        assert site.run("worker", "-C", str(worker), "--once", "--stall", "1") == 0, site.err
    assert len(site.effects()) > 0


def test_a_pool_of_one_connection_in_session_mode_is_enough_to_ask(
    site: Site, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres.database("site") as name, pooler(postgres, name, "session", size=1) as url:
        monkeypatch.setenv("RECONCILER_STATE", url)
        planned(site)
        assert site.run("db", "check") == 0, site.err

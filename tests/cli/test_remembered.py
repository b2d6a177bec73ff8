"""After an apply `plan` says what the journal knows; the plan itself does not change."""

import sqlite3
from contextlib import closing
from datetime import timedelta

from tests.support.apply_site import Site

OLDER = "2 of these were deleted by run 1 and the inventory is older: pull it, or apply with"


def two(site: Site) -> None:
    """The first two targets of `push` are deleted, and the inventory does not know."""
    site.manifest("push")
    for other in ("ios", "contact", "dialer", "sms"):
        (site.root / "manifests" / f"{other}.yaml").unlink()
    site.plan()
    assert site.apply("--limit", "2") == 5, site.err


def test_plan_explain_and_dry_run_say_what_was_done_before(site: Site) -> None:
    two(site)
    before = (site.root / "plan.json").read_bytes()
    assert site.run("plan", "--format", "json") == 0
    assert OLDER in site.err
    assert "run 1" not in site.out  # it is no part of the plan
    assert site.apply("--dry-run") == 0
    assert OLDER in site.err
    assert site.run("explain", "push/push-old-0") == 0
    assert "1 of these was deleted by run 1" in site.err
    assert site.run("explain", "push/push-old-2") == 0
    assert "deleted by run" not in site.err
    assert (site.root / "plan.json").read_bytes() == before


def test_it_is_silent_where_nothing_was_done_and_once_the_inventory_knows(site: Site) -> None:
    site.plan()
    assert "of these" not in site.err
    assert not (site.root / ".reconciler").exists()
    two(site)
    assert site.apply("--update-inventory") == 0, site.err
    assert site.run("plan") == 0
    assert "of these" not in site.err


def test_what_came_back_is_told(site: Site) -> None:
    two(site)
    site.inventory(age=timedelta(minutes=30))  # another one than was planned from
    with closing(sqlite3.connect(site.root / ".reconciler" / "state.db")) as db, db:
        db.execute("UPDATE targets SET at=at-7200")  # before the inventory was captured
    db.close()
    assert site.run("plan") == 0
    assert "2 of these were deleted before and came back" in site.err

"""`reconciler settle`: doubts are found out by looking, or told by a person; nothing is deleted."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from reconciler.lanes.locks import Locks
from tests.support.apply_site import NUMBERS, Site, campaigns, free_port, sandbox

DIALER = sorted(f"dialer/d{n}#{number}" for n in range(2) for number in NUMBERS)


def doubtful(site: Site, account: str, *faults: str, effect: bool) -> list[dict[str, Any]]:
    """An apply of *account* whose first deletion gets no answer. Returns what is left there."""
    with sandbox(*faults) as url:
        site.url = url
        site.write()
        site.plan("--account", account)
        code = site.apply("--first-run", "--max-wait", "0", "--limit", "1")
        assert code == 6, site.err
        if effect:
            assert site.effects()
    gone = f"{account}-old-0" if effect else None
    return [one for one in campaigns() if one["id"] != gone]


def settled(site: Site, records: list[dict[str, Any]], *options: str) -> int:
    """`settle` against a vendor that works again and has *records*."""
    with sandbox(records=records, port=port_of(site)):
        return site.run("settle", "--format", "json", *options)


def port_of(site: Site) -> int:
    return int(site.url.rpartition(":")[2])


def state(site: Site, id_: str) -> tuple[Any, ...]:
    with closing(sqlite3.connect(site.root / ".reconciler" / "state.db")) as db, db:
        found: tuple[Any, ...] = db.execute(
            "SELECT outcome, evidence, sends, doubts, cleared FROM targets WHERE id=?", (id_,)
        ).fetchone()
    db.close()
    return found


# Requests of an empty journal: one listing (push), then the deletion.
LOST = {"push": "batch-cep:drop-after=2", "ios": "batch-mep:drop-after=2"}


def test_nothing_in_doubt_is_0(bare: Site) -> None:
    assert bare.run("settle") == 0
    assert "Nothing is in doubt" in bare.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-wait", "soon"], "--max-wait 'soon': write 30s"),
        (["--account", "psuh"], "the project has no 'psuh'. Did you mean 'push'?"),
    ],
)
def test_a_wrong_option_is_64_even_when_nothing_is_in_doubt(
    bare: Site, options: list[str], said: str
) -> None:
    assert bare.run("settle", *options) == 64
    assert said in bare.err


def test_a_doubt_that_took_effect_is_found_deleted(bare: Site) -> None:
    left = doubtful(bare, "push", LOST["push"], effect=True)
    bare.age(31)
    assert settled(bare, left) == 0, bare.err
    found = json.loads(bare.out)
    assert found["inDoubt"] == 0
    (one,) = found["targets"]
    assert (one["target"], one["outcome"], one["evidence"]) == (
        "push/push-old-0",
        "deleted",
        "look",
    )
    with sandbox(records=left, port=port_of(bare)):
        code, outcomes = bare.outcomes()
        assert code == 0, bare.err
        assert outcomes["push/push-old-0"] == "deleted"
        assert "push/push-old-0" not in bare.effects()
    assert bare.run("evidence", "plan.json", "--out", "evidence.tgz") == 0, bare.err
    assert bare.run("verify", "evidence.tgz") == 0
    assert "has no end" not in bare.out


def test_a_doubt_without_effect_ends_after_two_looks_and_is_sent_by_apply_alone(
    bare: Site,
) -> None:
    left = doubtful(bare, "push", "batch-cep:drop=2", effect=False)
    bare.age(31)
    assert settled(bare, left, "--max-wait", "0") == 6  # seen once; a minute is to pass
    bare.age(61)
    assert settled(bare, left, "--max-wait", "0") == 0, bare.err
    assert state(bare, "push-old-0") == (None, None, 1, 1, 1)
    with sandbox(records=left, port=port_of(bare)):
        code, outcomes = bare.outcomes()
        assert code == 0, bare.err
        assert set(outcomes.values()) == {"deleted"}
        assert bare.effects() == [f"push/push-old-{n}" for n in range(3)]


def test_settle_waits_for_the_quiet_period_or_says_6(bare: Site) -> None:
    left = doubtful(bare, "push", LOST["push"], effect=True)
    assert settled(bare, left, "--max-wait", "5s") == 6
    with sandbox(records=left, port=port_of(bare)):
        assert bare.ledger() == []


def test_a_listing_without_a_witness_settles_nothing(bare: Site) -> None:
    doubtful(bare, "push", LOST["push"], effect=True)
    bare.age(31)
    strangers = [{**one, "id": f"x-{one['id']}"} for one in campaigns()]
    assert settled(bare, strangers, "--max-wait", "0") == 6


def test_another_campaign_under_the_same_id_has_drifted(bare: Site) -> None:
    left = doubtful(bare, "push", "batch-cep:drop=2", effect=False)
    bare.age(31)
    left[0] = {**left[0], "createdAt": "2026-06-01T00:00:00Z"}
    assert settled(bare, left, "--max-wait", "0") == 0
    assert state(bare, "push-old-0")[0] == "drifted"


def test_settle_deletes_nothing_whatever_it_sees(bare: Site) -> None:
    left = doubtful(bare, "ios", "batch-mep:drop=2", effect=False)
    bare.age(100)
    with sandbox(records=left, port=port_of(bare)):
        bare.run("settle", "--max-wait", "0")
        bare.age(100)
        bare.run("settle", "--max-wait", "0")
        assert {row["method"] for row in bare.ledger()} == {"GET"}
        assert bare.effects() == []


# ---------------------------------------------------------------- a person's finding


@pytest.fixture
def unknown(bare: Site) -> Site:
    """Ozonetel: what cannot be looked at is in doubt."""
    port = free_port()
    with sandbox("ozonetel:drop-after=2", port=port) as url:
        bare.url = url
        bare.write()
        bare.plan("--account", "dialer")
        assert bare.apply("--first-run", "--max-wait", "0") == 6, bare.err
    return bare


def test_what_cannot_be_looked_at_is_left_to_a_person(unknown: Site) -> None:
    assert unknown.run("settle") == 6
    assert "cannot be looked at" in unknown.err
    assert NUMBERS[0] not in unknown.out + unknown.err


def test_a_person_says_deleted(unknown: Site) -> None:
    assert unknown.run("settle", "--as", "deleted", *DIALER, "--because", "case 9912") == 0
    code, report = unknown.report()
    assert code == 0
    assert {one["outcome"] for one in report["targets"]} == {"deleted"}
    assert {one["evidence"] for one in report["targets"]} == {"person"}
    assert {one["detail"] for one in report["targets"]} == {"case 9912"}
    log = (unknown.root / ".reconciler" / "audit.ndjson").read_text().splitlines()
    finding = next(one for one in map(json.loads, log) if one["type"] == "finding")
    assert sorted(finding["targets"]) == DIALER
    assert (finding["found"], finding["because"]) == ("deleted", "case 9912")
    assert finding["by"]


def test_a_person_says_not_deleted_and_apply_sends_it_again(unknown: Site) -> None:
    because = ["--because", "seen in the dialer"]
    assert unknown.run("settle", "--as", "not-deleted", "--account", "dialer", *because) == 0
    with sandbox(port=port_of(unknown)):
        code, outcomes = unknown.outcomes()
        assert code == 0, unknown.err
        assert outcomes == dict.fromkeys(DIALER, "deleted")
        assert unknown.effects() == DIALER


def test_a_request_is_settled_by_its_number(unknown: Site) -> None:
    unknown.run("status", "--format", "json")
    (number,) = {one["request"] for one in json.loads(unknown.out)["inDoubt"]}
    assert unknown.run("settle", "--as", "deleted", "--request", str(number), "--because", "x") == 0
    assert unknown.run("settle", "--as", "deleted", "--request", "999", "--because", "x") == 1


def test_a_request_of_which_some_are_settled_means_the_rest(unknown: Site) -> None:
    unknown.run("status", "--format", "json")
    (number,) = {str(one["request"]) for one in json.loads(unknown.out)["inDoubt"]}
    whole = ["settle", "--as", "deleted", "--request", number, "--because", "x"]
    assert unknown.run("settle", "--as", "not-deleted", DIALER[0], "--because", "x") == 6
    assert unknown.run(*whole) == 0
    assert unknown.out.count(": deleted") == len(DIALER) - 1
    assert unknown.run(*whole) == 1
    assert "in doubt any more" in unknown.err


def test_some_of_them_leave_6(unknown: Site) -> None:
    assert unknown.run("settle", "--as", "deleted", DIALER[0], "--because", "x") == 6
    assert unknown.run("settle", "plan.json") == 6
    assert unknown.run("settle", "plan.json", "--as", "deleted", *DIALER[1:], "--because", "x") == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--as", "deleted", DIALER[0]],
        ["--as", "deleted", "--because", "x"],
        ["--as", "deleted", DIALER[0], "--account", "dialer", "--because", "x"],
        ["--as", "gone", DIALER[0], "--because", "x"],
        ["--because", "x"],
        ["--request", "1"],
        ["--as", "deleted", "no-slash", "--because", "x"],
        ["--as", "deleted", "--account", "nobody", "--because", "x"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_64(unknown: Site, options: list[str]) -> None:
    assert unknown.run("settle", *options) == 64


def test_what_is_not_in_doubt_cannot_be_told(unknown: Site) -> None:
    assert unknown.run("settle", "--as", "deleted", "push/push-old-0", "--because", "x") == 1
    assert "not in doubt" in unknown.err


def test_an_error_masks_numbers_too(unknown: Site) -> None:
    assert unknown.run("settle", "--as", "deleted", DIALER[0], "--because", "x") == 6
    assert unknown.run("settle", "--as", "deleted", DIALER[0], "--because", "x") == 1
    assert NUMBERS[0] not in unknown.err


def test_a_number_that_somebody_names_is_masked(unknown: Site) -> None:
    because = ["--because", f"{NUMBERS[0]} and {NUMBERS[1]} are gone"]
    for format_ in ("text", "json"):
        one = DIALER[0] if format_ == "text" else DIALER[1]
        unknown.run("settle", "--as", "deleted", one, *because, "--format", format_)
        assert not any(number in unknown.out for number in NUMBERS)
    with closing(sqlite3.connect(unknown.root / ".reconciler" / "state.db")) as db, db:
        db.execute("UPDATE targets SET detail=? WHERE outcome='in-doubt'", because[1:])
    db.close()
    unknown.run("status")
    assert "are gone" in unknown.out
    assert not any(number in unknown.out for number in NUMBERS)
    unknown.run("status", "--show-numbers")
    assert NUMBERS[0] in unknown.out


def test_the_evidence_of_what_a_person_found_holds(unknown: Site) -> None:
    assert unknown.run("settle", "--as", "deleted", *DIALER, "--because", "case 9912") == 0
    assert unknown.apply() == 0
    assert unknown.run("evidence", "plan.json", "--out", "evidence.tgz") == 0, unknown.err
    assert unknown.run("verify", "evidence.tgz") == 0, unknown.out
    assert f"{len(DIALER)} deleted" in unknown.out
    assert "has no end" not in unknown.out
    log = (unknown.root / ".reconciler" / "audit.ndjson").read_text().splitlines()
    told = [one for one in map(json.loads, log) if one.get("evidence") == "person"]
    assert sorted(one["target"] for one in told) == DIALER
    assert all(one["campaign"]["phoneNumbers"] == NUMBERS for one in told)


def test_a_lane_that_is_worked_is_75(unknown: Site) -> None:
    locks = Locks(unknown.root / ".reconciler" / "state.db.locks")
    (lane,) = [one for one in _lanes(unknown) if "/ozonetel " in one]
    locks.take([lane], {"pid": 1, "user": "u", "host": "h", "accounts": ["dialer"]})
    try:
        assert unknown.run("settle", "--as", "deleted", *DIALER, "--because", "x") == 75
    finally:
        locks.release()


def _lanes(site: Site) -> list[str]:
    with closing(sqlite3.connect(site.root / ".reconciler" / "state.db")) as db, db:
        found = [row[0] for row in db.execute("SELECT lane FROM lanes")]
    db.close()
    return found


def test_what_a_person_found_deleted_and_came_back_is_not_eaten_by_the_old_absence(
    unknown: Site,
) -> None:
    """Also when it was in doubt only because the run died: the journal knows who had asked."""
    with closing(sqlite3.connect(unknown.root / ".reconciler" / "state.db")) as db, db:
        db.execute("UPDATE targets SET inventory=NULL")
    db.close()
    assert unknown.run("settle", "--as", "deleted", *DIALER, "--because", "x") == 0
    from datetime import timedelta

    unknown.inventory(age=timedelta(seconds=-2))
    unknown.plan("--account", "dialer")
    with sandbox(port=port_of(unknown)):
        code, report = unknown.report()
        assert code == 5
        assert {one["detail"] for one in report["targets"]} == {"resurrected"}
        assert unknown.ledger() == []

"""`reconciler stop` from another process: nothing new leaves, what is in flight ends."""

import json
from pathlib import Path

import pytest

from tests.support.crash_project import Ended, Place, check_converged, ended, make, parcels
from tests.support.crash_vendor import Habits, Vendor

pytestmark = pytest.mark.crash

TARGETS = 60
IN_FLIGHT = 8


def stop(place: Place, *options: str) -> dict[str, list[dict[str, object]]]:
    done = place.run("stop", "--because", "an incident", "--format", "json", *options)
    assert done.code == 0, done
    told: dict[str, list[dict[str, object]]] = json.loads(done.out)
    return told


def counted(last: Ended) -> dict[str, int]:
    return {word: n for word, n in json.loads(last.out)["summary"].items() if n}


def resume(place: Place, vendors: dict[str, Vendor]) -> None:
    last = place.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    check_converged(place, vendors, last.out)


def test_what_is_in_flight_ends_and_the_rest_is_pending_until_the_next_apply(
    tmp_path: Path,
) -> None:
    with Vendor(parcels(TARGETS), habits=Habits(holds=True)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json", "--format", "json")
        vendor.await_deletes(IN_FLIGHT)
        (run,) = stop(place, "plan.json")["runs"]
        assert (run["kind"], run["accounts"]) == ("apply", ["shop"])
        assert run["holder"]["pid"] == process.pid  # type: ignore[index]
        vendor.release()
        last = ended(process)
        assert last.code == 5, last
        # Those whose intents were written before the word came may still leave.
        assert vendor.deletes <= 2 * IN_FLIGHT
        assert counted(last) == {"deleted": vendor.deletes, "pending": TARGETS - vendor.deletes}
        left = [one for one in json.loads(last.out)["targets"] if one["outcome"] == "pending"]
        by = run["holder"]["user"]  # type: ignore[index]
        way_out = "To lift it: apply the plan again, when it may go on"
        assert {one["detail"] for one in left} == {f"stopped by {by}: an incident. {way_out}"}
        logged = (place.root / ".reconciler/audit.ndjson").read_text().splitlines()
        (said,) = [one for one in map(json.loads, logged) if one["type"] == "stopped"]
        assert (said["because"], said["account"]) == ("an incident", None)
        vendor.habits = Habits()
        resume(place, {"shop": vendor})
        packed = place.run("evidence", "plan.json", "--out", "ev.tar.gz")
        assert packed.code == 0, packed


def test_one_account_stops_and_the_others_go_on(tmp_path: Path) -> None:
    held, free = Vendor(parcels(TARGETS), habits=Habits(holds=True)), Vendor(parcels(TARGETS))
    with held, free:
        vendors = {"held": held, "free": free}
        place = make(tmp_path / "project", vendors)
        process = place.start("apply", "plan.json", "--format", "json")
        held.await_deletes(IN_FLIGHT)
        (run,) = stop(place, "--account", "held")["runs"]
        assert run["accounts"] == ["held"]
        held.release()
        last = ended(process)
        assert last.code == 5, last
        outcomes = {
            account: {
                one["outcome"]
                for one in json.loads(last.out)["targets"]
                if one["account"] == account
            }
            for account in vendors
        }
        assert outcomes == {"held": {"deleted", "pending"}, "free": {"deleted"}}
        held.habits = Habits()
        resume(place, vendors)


def test_another_plan_and_a_later_run_are_not_touched(tmp_path: Path) -> None:
    with Vendor(parcels(TARGETS), habits=Habits(holds=True)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        assert stop(place)["runs"] == []
        assert not (place.root / ".reconciler").exists()
        assert place.run("plan", "--out", "other.json", "--attributes", "--author", "x").code == 0
        process = place.start("apply", "plan.json", "--format", "json")
        vendor.await_deletes(IN_FLIGHT)
        assert stop(place, "other.json")["runs"] == []
        vendor.release()
        assert ended(process).code == 0
        text = place.run("stop", "--because", "late")
        assert (text.code, text.out) == (0, "Nothing is under way here; nothing was stopped.\n")


def test_whoever_waits_for_a_turn_or_a_look_stops_at_once(tmp_path: Path) -> None:
    """A doubt waits half a minute for its look."""
    with Vendor(parcels(3), habits=Habits(silent=True)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor}, driver="batch-cep")
        first = place.start("apply", "plan.json")
        vendor.await_deletes(3)
        first.kill()
        ended(first)
        process = place.start("settle")
        await_word(process, b"(before looking after a doubt)")
        (run,) = stop(place)["runs"]
        assert run["kind"] == "settle"
        last = ended(process, timeout=20)
        assert last.code == 6, last


def await_word(process, word: bytes) -> None:  # type: ignore[no-untyped-def]
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"it never said {word!r}")


def test_a_reason_is_asked_for(tmp_path: Path) -> None:
    with Vendor(parcels(1)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        assert place.run("stop").code == 64
        blank = place.run("stop", "--because", " ")
        assert blank.code == 64
        assert "--because needs a text" in blank.err
        near = place.run("stop", "--account", "shpo", "--because", "x")
        assert near.code == 64
        assert "Did you mean 'shop'" in near.err

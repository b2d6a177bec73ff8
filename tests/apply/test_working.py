"""What a worker judges from its own checkout, whatever the client found: real lanes, one process.

The client hands over and ends; a worker of another checkout, in the same process, then works what
is there. What became of it is in the database.
"""

import gzip
import json
import os
import shutil
import signal
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from reconciler import site as reconciler_site
from reconciler.apply import bundle, carry_out, fleet, judging, steps
from reconciler.apply.bundle import VERSION, fates_of
from reconciler.apply.tending import Tender
from reconciler.inventory import Reader
from reconciler.lanes.journal.postgres import PostgresJournal
from reconciler.lanes.journal.postgres_shared import _CHAIN, Shared
from reconciler.lanes.stop import Stop
from reconciler.model import Campaign
from tests.support.apply_site import Site
from tests.support.postgres import Postgres

MOVED = "UPDATE reconciler.meta SET value='7 00000001' WHERE key='place'"
OLD = "UPDATE reconciler.plans SET first_applied=first_applied-86400*15"
STATE = "  state: {env: RECONCILER_STATE}\n"


@dataclass
class Pair:
    """The client's checkout, the worker's (made by `hand_over`), and the state they share."""

    client: Site
    worker: Path
    server: Postgres
    database: str

    def plan(self, *accounts: str, **more: str) -> None:
        """A plan of the client's for *accounts* alone."""
        for one in (self.client.root / "manifests").iterdir():
            one.unlink()
        self.client.manifest(*accounts)
        self.client.write()
        self.client.plan(*(f"--{name}={value}" for name, value in more.items()))

    def hand_over(self, *options: str) -> None:
        assert self.client.apply("--workers", "--detach", *options) == 0, self.client.err
        shutil.copytree(self.client.root, self.worker)

    def mend(self, file: str, old: str, new: str) -> None:
        """Another text in a file of the worker's checkout."""
        path = self.worker / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def work(self, *options: str) -> str:
        """A worker takes what is there; what it told."""
        more = ("--once", "--stall", "1", *options)
        assert self.client.run("worker", "-C", str(self.worker), *more) == 0, self.client.err
        return self.client.err

    def lanes(self) -> dict[str, dict[str, Any]]:
        """The lanes by their first account."""
        names = ("number", "state", "said", "code", "done", "takes", "clean", "owner")
        sql = f"SELECT accounts, {', '.join(names)} FROM reconciler.handed"
        return {
            json.loads(str(accounts))[0]: dict(zip(names, row, strict=True))
            for accounts, *row in self.server.ask(sql, self.database)
        }

    def fates(self, account: str) -> dict[str, tuple[str, str | None]]:
        """Outcome and detail of each target of the lane, by id."""
        number = self.lanes()[account]["number"]
        sql = f"SELECT data FROM reconciler.shelf WHERE kind='fates' AND name='{number}'"
        ((data,),) = self.server.ask(sql, self.database)
        found = fates_of([bytes(data)])  # type: ignore[call-overload]
        return {one.id: (fate.outcome.value, fate.detail) for one, fate in found}

    def audited(self) -> list[dict[str, Any]]:
        rows = self.server.ask("SELECT line FROM reconciler.chain ORDER BY seq", self.database)
        return [json.loads(bytes(line)) for (line,) in rows]  # type: ignore[call-overload]

    def sent(self) -> int:
        """How many deletions left."""
        return len(self.client.effects())


@pytest.fixture
def pair(site: Site, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with postgres.database("site") as name:
        monkeypatch.setenv("RECONCILER_STATE", postgres.url(name))
        site.more = STATE
        yield Pair(site, site.root.parent / "worker", postgres, name)


@pytest.mark.parametrize("meanwhile", [False, True], ids=["alone", "another-wrote"])
def test_what_is_handed_over_is_judged_anew_only_if_something_was_written_since(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, meanwhile: bool
) -> None:
    again: list[int] = []
    judge, permit = carry_out.judge, steps.permit

    def judged(*of: Any) -> Any:
        again.append(1)
        return judge(*of)

    def permitted(task: Any, known: Any, *rest: Any) -> Any:
        if meanwhile:  # another run has sent one of the targets, and knows that it is gone
            target = next(iter(task.saved.plan.targets))
            gone = known.ruling(target, {"outcome": "deleted", "plan": task.saved.digest})
            known.journal.commit("", 0, 1, rulings=[gone], audit=[{"type": "target"}])
        return permit(task, known, *rest)

    monkeypatch.setattr(carry_out, "judge", judged)
    monkeypatch.setattr(steps, "permit", permitted)
    pair.plan("push")
    targets = pair.client.plan("--account", "push")["summary"]["targets"]
    pair.hand_over()
    assert len(again) == meanwhile
    ((left,),) = pair.server.ask("SELECT targets FROM reconciler.handed", pair.database)
    assert left == targets - meanwhile


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_plan_is_read_once_however_many_lanes_of_it_a_worker_takes(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    read: list[str] = []
    plan = Shared.plan

    def counted(self: Shared, digest: str) -> Iterator[bytes] | None:
        read.append(digest)
        return plan(self, digest)

    monkeypatch.setattr(Shared, "plan", counted)
    pair.plan("push", "ios")
    pair.hand_over()
    pair.work("--concurrency", str(concurrency), "--stall", "30")
    assert {one["state"] for one in pair.lanes().values()} == {"done"}
    assert len(read) == 1


def test_a_worker_rules_over_its_own_lane_alone(pair: Pair) -> None:
    pair.plan("push", "ios")
    pair.hand_over()
    pair.work()
    assert {one["state"] for one in pair.lanes().values()} == {"done"}
    told = [one for one in pair.audited() if one["type"] == "target"]
    assert [one["outcome"] for one in told] == ["deleted"] * 6


@pytest.mark.parametrize(
    ("place", "name"),
    [(Shared, "plan"), (Reader, "__iter__"), (judging, "judged")],
    ids=["the plan is read", "the inventory is read", "targets are judged"],
)
def test_a_worker_that_is_to_end_leaves_to_others_what_takes_long(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
) -> None:
    busy: list[bool] = []
    heard = threading.Semaphore(0)
    long, ends, tidy = getattr(place, name), Stop.set, fleet.tidy

    def signalled(*of: Any) -> Iterator[Any]:
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in ("the worker", "this lane"):
            assert heard.acquire(timeout=30)
        yield from long(*of)
        pytest.fail("it went on")

    def ended(stop: Stop, *of: Any) -> None:
        ends(stop, *of)
        heard.release()

    def tidied(*of: Any, **how: bool) -> None:
        busy.append(how["busy"])
        tidy(*of, **how)

    pair.plan("push")
    pair.hand_over()
    with monkeypatch.context() as patched:
        patched.setattr(place, name, signalled)
        patched.setattr(Stop, "set", ended)
        patched.setattr(fleet, "tidy", tidied)
        pair.work()
    lane = pair.lanes()["push"]
    assert (lane["state"], lane["takes"], lane["clean"]) == ("queued", 1, 1), lane
    assert busy[-1]
    assert pair.sent() == 0
    pair.work()
    assert (pair.lanes()["push"]["state"], pair.sent()) == ("done", 3)


# ---------------------------------------------------------------- manifests and guards


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{match: {name: "old *"}}]', '{match: {name: "old *"}}]\n  keep: [{id: push-old-1}]'),
        ('{match: {name: "old *"}}', '{match: {name: "old [02]"}}'),
    ],
    ids=["kept", "no longer asked for"],
)
def test_what_the_workers_manifests_keep_or_do_not_ask_for_drifts(
    pair: Pair, old: str, new: str
) -> None:
    pair.plan("push")
    pair.hand_over()
    pair.mend("manifests/push.yaml", old, new)
    pair.work()
    fates = pair.fates("push")
    assert fates["push-old-1"] == ("drifted", "withdrawn")
    assert {fates["push-old-0"][0], fates["push-old-2"][0]} == {"deleted"}
    assert pair.sent() == 2


def test_manifests_that_are_not_in_force_at_the_worker_delete_nothing(pair: Pair) -> None:
    pair.plan("push", "ios")
    pair.hand_over()
    pair.mend("manifests/push.yaml", "owner: qa,", "owner: qa, notBefore: 2999-01-01,")
    pair.mend("manifests/ios.yaml", "owner: qa,", "owner: qa, until: 2001-01-01,")
    pair.work()
    every = {**pair.fates("push"), **pair.fates("ios")}
    assert set(every.values()) == {("drifted", "withdrawn")}
    assert pair.sent() == 0


def test_the_workers_own_guards_judge_each_target(pair: Pair) -> None:
    pair.plan("push", "ios")
    pair.hand_over()
    protect = 'protect: [{account: push, match: {name: "*1"}, because: legal}], require: [reason]'
    pair.mend("reconciler.yaml", "guards: {", f"guards: {{{protect}, ")
    pair.mend("manifests/ios.yaml", "reason: over, ", "")
    pair.work()
    fates = pair.fates("push")
    assert fates["push-old-1"] == ("drifted", "protected")
    assert set(pair.fates("ios").values()) == {("drifted", "metadata")}
    assert pair.sent() == 2


# ---------------------------------------------------------------- what stops a lane


def stopped(pair: Pair, account: str = "push") -> tuple[int, str]:
    """Exit code and words of a lane that a worker refused; nothing left."""
    pair.work()
    lane = pair.lanes()[account]
    assert lane["state"] == "stopped", lane
    assert pair.sent() == 0
    assert str(pair.worker / "reconciler.yaml") in lane["said"]
    return lane["code"], lane["said"]


@pytest.mark.parametrize(
    ("guards", "code", "words"),
    [
        ("maxDeletions: {count: 2}", 3, "3 deletions are planned and maxDeletions allows 2"),
        ("maxDeletions: {percent: 50}", 3, "3 of 5 campaigns"),
        ("maxDeletions: {count: 9}, inventoryMaxAge: 1m, planMaxAge: 1m", 3, "inventory-age"),
    ],
)
def test_a_guard_that_the_workers_checkout_breaks_stops_the_lane(
    pair: Pair, guards: str, code: int, words: str
) -> None:
    pair.plan("push")
    pair.hand_over()
    pair.mend("reconciler.yaml", "guards: {maxDeletions: {count: 100}}", f"guards: {{{guards}}}")
    found, said = stopped(pair)
    assert (found, words in said) == (code, True), said


def signers(pair: Pair, who: str) -> str:
    """A key of *who*, and the line that allows it."""
    key = pair.client.root.parent / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return f"{who} {key.with_suffix('.pub').read_text('utf-8')}"


APPROVALS = ", approvals: {required: 1, above: 0, allowedSigners: signers}"


@pytest.mark.parametrize("allowed", [True, False])
def test_approvals_are_counted_by_the_signers_of_the_workers_checkout(
    pair: Pair, allowed: bool
) -> None:
    line = signers(pair, "b@acme.example")
    (pair.client.root / "signers").write_text(line)
    pair.client.guards += APPROVALS
    pair.client.manifest("push")
    pair.plan("push", author="a@acme.example")
    key = str(pair.client.root.parent / "key")
    assert pair.client.run("approve", "plan.json", "--key", key, "--yes") == 0, pair.client.err
    pair.hand_over()
    if allowed:
        (pair.worker / "plan.json.key.sig").unlink(missing_ok=True)
        pair.work()
        assert pair.lanes()["push"]["state"] == "done", pair.lanes()
        assert pair.sent() == 3
    else:
        (pair.worker / "signers").write_text(line.replace("b@acme", "a@acme"))
        code, said = stopped(pair)
        assert (code, "approval" in said) == (3, True), said


@pytest.mark.parametrize(("mine", "state"), [("[windows]", "done"), ("[]", "stopped")])
def test_a_rule_is_lifted_only_if_the_workers_project_lets_it_be(
    pair: Pair, mine: str, state: str
) -> None:
    shut = "windows: [{kind: deny, from: 2001-01-01, to: 2999-01-01}]"
    pair.client.guards += f", {shut}, waivable: [windows]"
    pair.plan("push")
    words = ("--because", "over", "--ticket", "T-1")
    pair.hand_over("--waive", "windows", *words)
    pair.mend("reconciler.yaml", "waivable: [windows]", f"waivable: {mine}")
    pair.work()
    lane = pair.lanes()["push"]
    assert lane["state"] == state, lane
    if state == "stopped":
        assert (lane["code"], "waivable" in lane["said"]) == (3, True)
        assert pair.sent() == 0


def test_a_lane_that_waited_for_longer_than_resume_max_age_is_not_begun(pair: Pair) -> None:
    pair.plan("push")
    pair.hand_over()
    pair.server.tell(OLD, pair.database)
    code, said = stopped(pair)
    assert (code, "resumeMaxAge" in said) == (4, True), said


def test_an_account_of_another_definition_stops_its_lane_alone(pair: Pair) -> None:
    pair.plan("push", "ios")
    pair.hand_over()
    pair.mend("reconciler.yaml", "project: project_1", "project: project_2")
    pair.work()
    lane = pair.lanes()["push"]
    assert (lane["state"], lane["code"]) == ("stopped", 4)
    assert f"account 'push' of {pair.worker / 'reconciler.yaml'}" in lane["said"]
    assert pair.lanes()["ios"]["state"] == "done"
    assert pair.sent() == 3


def test_an_account_that_the_worker_does_not_have_stops_its_lane(pair: Pair) -> None:
    pair.plan("push", "ios")
    pair.hand_over()
    text = (pair.worker / "reconciler.yaml").read_text("utf-8").splitlines(keepends=True)
    mine = "".join(one for one in text if not one.startswith("    push:"))
    (pair.worker / "reconciler.yaml").write_text(mine)
    (pair.worker / "manifests" / "push.yaml").unlink()
    pair.work()
    assert (pair.lanes()["push"]["state"], pair.lanes()["push"]["code"]) == ("stopped", 4)
    assert pair.lanes()["ios"]["state"] == "done"


def test_a_credential_that_the_worker_lacks_stops_its_lane_by_name(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.plan("push", "ios")
    pair.hand_over()
    monkeypatch.delenv("CEP_KEY")
    pair.work()
    lane = pair.lanes()["push"]
    assert (lane["state"], lane["code"]) == ("stopped", 1)
    assert "CEP_KEY" in lane["said"]
    assert pair.lanes()["ios"]["state"] == "done"


def test_a_credential_of_another_scope_stops_its_lane(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.plan("sms")
    pair.hand_over("--first-run")
    monkeypatch.setenv("CELL_KEY", "sandbox-of-somebody-else")
    code, said = stopped(pair, "sms")
    assert (code, "another scope" in said) == (4, True), said


@pytest.mark.parametrize("cut", [0, 1, 9])
def test_what_another_version_handed_over_or_is_not_whole_stops_the_lane(
    pair: Pair, cut: int
) -> None:
    pair.plan("push")
    pair.hand_over()
    head = msgspec.msgpack.encode({"version": VERSION + (cut == 0), "targets": 7})
    other = gzip.compress(struct.pack(">II", len(head), 1) + head + b"\1")
    other = other[: len(other) - cut]
    sql = f"UPDATE reconciler.shelf SET data='\\x{other.hex()}' WHERE kind='work'"
    pair.server.tell(sql, pair.database)
    code, said = stopped(pair)
    assert (code, "another version" in said) == (4, True), said


def test_a_plan_that_is_not_as_it_was_handed_over_stops_the_lane(pair: Pair) -> None:
    pair.plan("push")
    pair.hand_over()
    sql = "UPDATE reconciler.shelf SET data=data || ' '::bytea WHERE kind='plan'"
    pair.server.tell(sql, pair.database)
    code, said = stopped(pair)
    assert (code, "as it was handed over" in said) == (4, True), said


def test_a_worker_of_another_project_ends_at_once(pair: Pair) -> None:
    pair.plan("push")
    pair.hand_over()
    pair.mend("reconciler.yaml", "name: site", "name: other")
    assert pair.client.run("worker", "-C", str(pair.worker), "--once") == 1
    assert "of project 'site', not of 'other'" in pair.client.err
    assert pair.lanes()["push"]["state"] == "queued"


# ---------------------------------------------------------------- what a lane waits for

NEVER = "windows: [{kind: deny, from: 2001-01-01, to: 2999-01-01}]"


def test_a_lane_whose_window_is_closed_waits_without_a_worker_until_it_opens(pair: Pair) -> None:
    pair.plan("push", "ios", "contact")
    pair.hand_over()
    for name in ("push", "contact"):
        pair.mend("reconciler.yaml", f"    {name}: {{", f"    {name}: {{guards: {{{NEVER}}}, ")
    pair.work("--concurrency", "1")
    lanes = pair.lanes()
    assert [lanes[one]["state"] for one in ("push", "ios", "contact")] == [
        "waiting",
        "done",
        "waiting",
    ]
    assert (lanes["push"]["owner"], lanes["push"]["clean"], pair.sent()) == (None, 1, 3)
    assert pair.client.run("status", "--format", "json") == 0
    told = {one["accounts"][0]: one for one in json.loads(pair.client.out)["lanes"]}
    assert (told["push"]["state"], told["push"]["left"]) == ("waiting", 3)
    # It is never due but by `resumeMaxAge`, or where a checkout says something else.
    days = datetime.fromisoformat(told["push"]["waitingUntil"]) - datetime.now(UTC)
    assert timedelta(days=13, hours=23) < days < timedelta(days=14)
    pair.work()
    assert pair.lanes()["push"]["takes"] == 1
    pair.mend("reconciler.yaml", f"contact: {{guards: {{{NEVER}}}, ", "contact: {")
    pair.work()
    assert pair.lanes()["contact"]["state"] == "done"
    assert pair.lanes()["push"]["state"] == "waiting"


def test_a_lane_that_waited_in_vain_says_so_once_the_plan_is_too_old(pair: Pair) -> None:
    pair.plan("push")
    pair.hand_over()
    pair.mend("reconciler.yaml", "    push: {", f"    push: {{guards: {{{NEVER}}}, ")
    pair.work()
    pair.server.tell(OLD, pair.database)
    pair.server.tell("UPDATE reconciler.handed SET waiting_until=0", pair.database)
    code, said = stopped(pair)
    assert (code, "resumeMaxAge" in said) == (4, True), said


def test_a_worker_waits_for_a_run_beside_it_and_an_apply_names_the_worker(pair: Pair) -> None:
    pair.plan("push")
    pair.hand_over()
    (lane,) = pair.server.ask("SELECT lane FROM reconciler.handed", pair.database)[0]
    who = {"pid": 7, "user": "u", "host": "h", "since": "s", "plan": "p", "accounts": ["push"]}
    with closing(PostgresJournal(pair.server.url(pair.database), "site")) as other:
        locks = other.shared.locks()
        locks.take([str(lane)], who)
        pair.work()
        found = pair.lanes()["push"]
        assert (found["state"], found["owner"], found["clean"]) == ("waiting", None, 1)
        assert "pid 7 of u on h" in found["said"]
        locks.release()
        locks.take([str(lane)], {**who, "worker": "h/7"})
        assert pair.client.apply() == 75
        assert "pid 7 of u on h" in pair.client.err
        assert pair.sent() == 0
        locks.release()
    pair.server.tell("UPDATE reconciler.handed SET waiting_until=0", pair.database)
    pair.work()
    assert pair.lanes()["push"]["state"] == "done"


def test_lanes_take_turns_where_there_are_more_than_workers_have_room_for(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.apply.turn.SECONDS", 0.0)
    pair.plan("push", "ios")
    pair.hand_over()
    for _ in range(12):
        if all(one["state"] == "done" for one in pair.lanes().values()):
            break
        pair.work("--concurrency", "1")
    assert {one["state"] for one in pair.lanes().values()} == {"done"}
    assert max(one["takes"] for one in pair.lanes().values()) > 1
    assert pair.sent() == 6


def test_a_lane_whose_job_was_lost_is_handed_out_again(pair: Pair) -> None:
    pair.plan("push")
    pair.hand_over()
    pair.server.tell("SET search_path=reconciler; DELETE FROM procrastinate_jobs", pair.database)
    pair.work()
    assert pair.lanes()["push"]["state"] == "done"


def test_lanes_are_found_whoever_is_at_the_audit_log(pair: Pair) -> None:
    pair.plan("push")
    pair.hand_over()
    place = reconciler_site.Site(root=pair.worker, environ=os.environ)
    url = pair.server.url(pair.database)
    with closing(Tender(place, place.load_project(), 1.0)) as tender, psycopg.connect(url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (_CHAIN,))
        for _ in range(2):
            assert len(tender.due()) == 1


# ---------------------------------------------------------------- nobody follows, several projects


@pytest.mark.parametrize(("break_", "code"), [(False, 0), (True, 4)])
def test_a_run_that_nobody_follows_is_ended_by_a_worker(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, break_: bool, code: int
) -> None:
    monkeypatch.setattr("reconciler.apply.tending._UNFOLLOWED", 0.0)
    pair.plan("push", "ios")
    pair.hand_over()
    if break_:
        pair.mend("reconciler.yaml", "project: project_1", "project: project_2")
    pair.work()
    ended = "SELECT exit_code FROM reconciler.runs WHERE ended IS NOT NULL"
    assert pair.server.ask(ended, pair.database) == [(code,)]
    assert pair.server.ask("SELECT count(*) FROM reconciler.told", pair.database) == [(0,)]
    (said,) = [one for one in pair.audited() if one["type"] == "run-ended"]
    assert (said["exitCode"], said["summary"]["deleted"]) == (code, 3 if break_ else 6)
    assert pair.client.run("evidence", "plan.json", "--out", "e.tar.gz") == 0, pair.client.err
    assert pair.client.run("verify", "e.tar.gz") == 0, pair.client.err
    if not break_:  # whoever asks later gets the report
        assert pair.client.report()[1]["summary"]["deleted"] == 6


def test_one_worker_works_several_projects_each_by_its_checkout(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = pair.client.root.parent / "other"
    with pair.server.database("second") as name:
        monkeypatch.setenv("OTHER_STATE", pair.server.url(name))
        pair.plan("push")
        pair.hand_over()
        shutil.copytree(pair.client.root, other)
        text = (other / "reconciler.yaml").read_text("utf-8")
        text = text.replace("name: site", "name: second").replace("RECONCILER_S", "OTHER_S")
        (other / "reconciler.yaml").write_text(text.replace("project_1", "project_2"))
        run = pair.client.run
        assert run("-C", str(other), "plan", "--out", "plan.json") == 0, pair.client.err
        assert run("-C", str(other), "apply", "plan.json", "--workers", "--detach") == 0
        pair.work("-C", str(other))
        assert pair.lanes()["push"]["state"] == "done"
        assert pair.server.ask("SELECT state FROM reconciler.handed", name) == [("done",)]


# ---------------------------------------------------------------- a state that lost something


def test_where_another_server_took_over_a_lane_looks_before_it_sends(pair: Pair) -> None:
    pair.plan("push")
    assert pair.client.run("settle") == 0
    pair.hand_over()
    pair.server.tell(MOVED, pair.database)
    pair.work()
    asked = [one["path"].rpartition("/")[2] for one in pair.client.ledger()]
    assert asked[0] == "list", asked
    assert pair.lanes()["push"]["state"] == "done"
    assert pair.sent() == 3


def test_where_another_server_took_over_what_cannot_be_looked_at_is_not_sent(pair: Pair) -> None:
    pair.plan("dialer")
    pair.hand_over("--first-run")
    pair.server.tell(MOVED, pair.database)
    code, said = stopped(pair, "dialer")
    assert (code, "--first-run" in said) == (64, True), said


@pytest.mark.parametrize("number", [1, 10**30])
def test_a_worker_is_told_all_that_the_inventory_says_of_a_record(number: int) -> None:
    one = Campaign(account="a", id="x", name="X", attributes={"kind": "flow", "n": number})
    assert json.loads(bundle._record(one)) == msgspec.to_builtins(one)


def test_what_threads_read_at_once_is_of_types_that_are_whole_before_the_first() -> None:
    """`decode(…, type=…)` fills in what it knows of a type on first use, for all threads to see."""
    for name in ("bundle", "agenda", "plans", "checkout", "working"):
        text = (Path(bundle.__file__).parent / f"{name}.py").read_text("utf-8")
        assert "type=" not in text, name

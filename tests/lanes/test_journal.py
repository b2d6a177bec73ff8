"""What every journal must do; each backend passes the same tests."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import Locked
from reconciler.lanes.journal import (
    History,
    Intent,
    Journal,
    JournalFailed,
    LaneLost,
    Result,
    Ruling,
    State,
    StopOrdered,
    opening,
)
from reconciler.lanes.journal.postgres import PostgresJournal
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.model import Identity, Outcome

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SCOPE = "http://v project p"
A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ONE, TWO, PART = Identity(SCOPE, "1"), Identity(SCOPE, "2"), Identity(SCOPE, "3", "918187867008")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def on(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[[], Any]


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Open]:
    """Opens the same journal anew at each call, as another process would."""
    made: list[Journal] = []
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("database")

    def open_() -> Journal:
        if url:
            made.append(PostgresJournal(url, "acme", clock=clock))
        else:
            made.append(SqliteJournal(tmp_path / "s" / "state.db", "acme", clock=clock))
        return made[-1]

    yield open_
    for one in made:
        one.close()


def begin(journal: Any, plan: str | None = A, kind: str = "apply") -> int:
    return int(journal.begin(plan, kind, "{}", [], {}))


def taken(journal: Any, run: int, window: float = 60.0) -> Any:
    return journal.take("lane", [SCOPE], run, window)


def intend(journal: Any, epoch: int, run: int, *targets: Identity, kind: str = "delete") -> int:
    asked = (("d",),) * len(targets)
    intent = Intent("acc", SCOPE, kind, "DELETE", "http://v/***", targets, asked)
    return int(journal.commit("lane", epoch, run, intents=[intent])[0])


def deleted(at: datetime, plan: str = A) -> dict[str, Any]:
    return {"outcome": Outcome.DELETED, "evidence": "answer", "at": at, "plan": plan, "sends": 1}


# ---------------------------------------------------------------- runs


def test_a_journal_has_an_identity_and_a_salt_that_it_keeps(opened: Open) -> None:
    one, other = opened(), opened()
    assert (one.identity, one.salt) == (other.identity, other.salt)
    assert len(one.identity) == len(one.salt) == 32


def test_two_journals_are_never_one(tmp_path: Path, clock: Clock) -> None:
    with (
        closing(SqliteJournal(tmp_path / "a.db", "acme", clock=clock)) as one,
        closing(SqliteJournal(tmp_path / "b.db", "acme", clock=clock)) as other,
    ):
        assert one.identity != other.identity
        assert one.salt != other.salt


def test_every_record_says_which_journal_made_it(opened: Open) -> None:
    journal = opened()
    begin(journal)
    (record,) = journal.audit_after(0)
    assert (record["journal"], record["entry"]) == (journal.identity, journal.newest_entry)


def test_what_is_in_the_log_is_taken_away_and_no_number_comes_again(opened: Open) -> None:
    journal = opened()
    for _ in range(3):
        begin(journal)
    journal.audit_written(2)
    (left,) = journal.audit_after(0)
    assert left["entry"] == journal.newest_entry == 3
    journal.audit_written(3)
    assert journal.audit_after(0) == []
    begin(opened())
    (new,) = journal.audit_after(0)
    assert new["entry"] == journal.newest_entry == 4
    journal.audit_written(2)
    assert journal.audit_after(0) == [new]
    journal.audit_written(9)
    journal.audit_written(9)
    assert journal.audit_after(0) == []


def test_a_mark_stays_until_something_is_written_of_a_target(opened: Open) -> None:
    journal, other = opened(), opened()
    mark = journal.mark
    if isinstance(journal, PostgresJournal):
        assert mark is None  # what another is just writing may be missed
        return
    run = begin(journal)
    epoch = taken(journal, run).epoch
    journal.trace([SCOPE])
    number = intend(journal, epoch, run, ONE)  # of its targets it says nothing yet
    assert journal.mark == mark
    journal.commit("lane", epoch, run, results=[Result(number, 204, "deleted", None)])
    assert journal.mark != mark
    mark = journal.mark
    intend(journal, epoch, run, TWO)
    assert journal.mark == mark
    taken(journal, run)  # what was under way is in doubt
    assert journal.mark != mark
    mark, noted = journal.mark, other.mark
    noting = [Ruling(PART, "acc", {"cleared": True})]  # for which no record is made
    other.commit("", 0, run, rulings=noting, mild=True)
    assert journal.mark != mark
    assert other.mark != noted


def test_a_scope_has_a_trace_from_when_it_was_first_said(opened: Open, clock: Clock) -> None:
    journal = opened()
    taken(journal, begin(journal))
    assert journal.traced(SCOPE) is None
    journal.trace([SCOPE])
    clock.on(60)
    journal.trace([SCOPE, "http://w"])
    other = opened()
    assert (other.traced(SCOPE), other.traced("http://w")) == (NOW, clock.now)
    assert other.traced("http://elsewhere") is None


def test_a_journal_that_lost_records_is_another_and_has_no_trace(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    journal.commit("lane", epoch, run, rulings=[Ruling(ONE, "acc", deleted(NOW))])
    journal.trace([SCOPE])
    before, salt = journal.identity, journal.salt
    journal.reborn()
    other = opened()
    assert other.identity == journal.identity != before
    assert (other.restored_from, other.salt) == (before, salt)
    assert other.traced(SCOPE) is None
    assert set(other.states([ONE])) == {ONE}
    begin(other)
    assert other.audit_after(0)[-1]["restoredFrom"] == before


def test_the_scope_of_an_accounts_definition_is_remembered(opened: Open) -> None:
    journal = opened()
    journal.know({"sha256:d": SCOPE})
    journal.know({"sha256:d": "http://w", "sha256:e": SCOPE})
    other = opened()
    assert (other.scope_of("sha256:d"), other.scope_of("sha256:e")) == ("http://w", SCOPE)
    assert other.scope_of("sha256:f") is None


def test_what_one_name_did_in_another_scope_is_counted(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    there = Identity("http://w", "1")
    rulings = [Ruling(ONE, "acc", deleted(NOW)), Ruling(there, "acc", deleted(NOW))]
    journal.commit("lane", epoch, run, rulings=rulings)
    assert (journal.elsewhere("acc", SCOPE), journal.elsewhere("other", SCOPE)) == (1, 0)


def test_outcomes_are_tallied_where_all_are_of_one_plan_and_one_name(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    assert journal.tally(A, "acc", SCOPE) == {str(one): 0 for one in Outcome}
    rulings = [
        Ruling(ONE, "acc", deleted(NOW)),
        Ruling(TWO, "acc", {**deleted(NOW), "outcome": Outcome.DRIFTED}),
        Ruling(PART, "acc", {"detail": "no outcome"}),
    ]
    journal.commit("lane", epoch, run, rulings=rulings)
    found = journal.tally(A, "acc", SCOPE)
    assert {name: number for name, number in found.items() if number} == {
        "deleted": 1,
        "drifted": 1,
    }
    assert journal.tally(B, "acc", SCOPE) is None
    assert journal.tally(A, "renamed", SCOPE) is None
    journal.commit("lane", epoch, run, rulings=[Ruling(TWO, "acc", deleted(NOW, B))])
    assert journal.tally(A, "acc", SCOPE) is None


def test_the_same_id_in_another_scope_is_another_target(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    journal.commit("lane", epoch, run, rulings=[Ruling(ONE, "acc", deleted(NOW))])
    assert journal.states([Identity("http://w", ONE.id)]) == {}
    # Whatever the account is called now.
    journal.commit("lane", epoch, run, rulings=[Ruling(ONE, "renamed", {"detail": "x"})])
    state = journal.states([ONE])[ONE]
    assert (state.outcome, state.account) == (Outcome.DELETED, "renamed")


def test_a_plan_is_first_applied_when_its_first_run_begins(opened: Open, clock: Clock) -> None:
    journal = opened()
    assert journal.first_applied(A) is None
    begin(journal)
    clock.on(3600)
    begin(journal)
    begin(journal, B, "settle")
    assert opened().first_applied(A) == NOW
    assert journal.first_applied(B) is None


def test_runs_are_told_newest_first(opened: Open, clock: Clock) -> None:
    journal = opened()
    first = begin(journal)
    journal.end(first, 5, {})
    clock.on(1)
    second = begin(journal, B)
    runs = opened().runs()
    assert [one.number for one in runs] == [second, first]
    assert (runs[1].exit_code, runs[1].ended, runs[0].ended) == (5, NOW, None)
    assert [one.number for one in journal.runs(A)] == [first]


# ---------------------------------------------------------------- intents and outcomes


def test_an_intent_is_there_for_the_next_process_and_an_outcome_too(
    opened: Open, clock: Clock
) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    number = intend(journal, epoch, run, ONE, PART)
    at = clock.on(1)
    rulings = [Ruling(one, "acc", deleted(at)) for one in (ONE, PART)]
    result = Result(number, 200, "deleted", None, vendor_id="r-1")
    journal.commit("lane", epoch, run, results=[result], rulings=rulings)
    states = opened().states([ONE, TWO, PART])
    assert set(states) == {ONE, PART}
    assert states[PART] == State(
        outcome=Outcome.DELETED, evidence="answer", at=at, plan=A, sends=1, account="acc"
    )
    (sent,) = journal.history([PART])[PART].requests
    assert (sent.method, sent.url, sent.status) == ("DELETE", "http://v/***", 200)
    assert journal.targets_of(number) == (ONE, PART)


def test_an_intent_without_a_result_is_in_doubt_for_whoever_comes_next(
    opened: Open, clock: Clock
) -> None:
    journal = opened()
    run = begin(journal)
    intend(journal, taken(journal, run).epoch, run, ONE)
    clock.on(5)
    other = opened()
    assert set(other.in_doubt()) == {ONE}
    again = begin(other)
    taken(other, again)
    state = other.states([ONE])[ONE]
    assert state.outcome is Outcome.IN_DOUBT
    assert (state.sends, state.doubts, state.last_byte_at) == (1, 1, clock.now)
    assert not state.cleared
    assert (state.plan, state.asked) == (A, ("d",))
    taken(other, begin(other))
    assert other.states([ONE])[ONE].sends == 1


def test_a_request_that_never_left_leaves_no_doubt_and_no_trace(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    number = intend(journal, epoch, run, ONE)
    journal.commit("lane", epoch, run, results=[Result(number, None, "not-sent", "x", sent=False)])
    taken(journal, begin(journal))
    assert journal.states([ONE]).get(ONE, State()).outcome is None
    assert journal.history([ONE]) == {ONE: History()}


def test_an_intent_says_nothing_of_the_outcome_that_was_there(opened: Open, clock: Clock) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    journal.commit("lane", epoch, run, rulings=[Ruling(ONE, "acc", deleted(NOW))])
    second = begin(journal, B)
    epoch = taken(journal, second).epoch
    number = intend(journal, epoch, second, ONE)
    result = Result(number, 429, "throttled", None)
    journal.commit("lane", epoch, second, results=[result])
    assert journal.states([ONE])[ONE].plan == A


def test_a_doubt_about_what_had_come_back_starts_a_new_life(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    journal.commit("lane", epoch, run, rulings=[Ruling(ONE, "acc", {**deleted(NOW), "doubts": 2})])
    second = begin(journal, B)
    intend(journal, taken(journal, second).epoch, second, ONE)
    taken(journal, begin(journal, B))
    state = journal.states([ONE])[ONE]
    assert (state.outcome, state.plan, state.doubts) == (Outcome.IN_DOUBT, B, 1)


def test_all_of_a_commit_is_written_or_nothing(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    bad = [Ruling(ONE, "acc", deleted(NOW)), Ruling(TWO, "acc", {"colour": "red"})]
    with pytest.raises(ValueError, match="colour"):
        journal.commit("lane", epoch, run, rulings=bad)
    assert journal.states([ONE, TWO]) == {}


def test_a_ruling_changes_only_what_it_names(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    journal.commit(
        "lane", epoch, run, rulings=[Ruling(ONE, "acc", {**deleted(NOW), "asked": ("d",)})]
    )
    journal.commit("lane", epoch, run, rulings=[Ruling(ONE, "acc", {"seen_at": NOW})])
    state = journal.states([ONE])[ONE]
    assert (state.outcome, state.asked, state.seen_at) == (Outcome.DELETED, ("d",), NOW)


def test_rulings_of_a_commit_count_in_their_order_however_often_one_target_is_among_them(
    opened: Open,
) -> None:
    journal = opened()
    run = begin(journal)
    epoch = journal.take("lane", [SCOPE], run, 60.0).epoch
    rulings = [
        Ruling(ONE, "a", {"outcome": Outcome.IN_DOUBT, "doubts": 1}),
        Ruling(TWO, "a", {"outcome": Outcome.IN_DOUBT, "doubts": 1}),
        Ruling(ONE, "b", {"outcome": Outcome.REFUSED, "doubts": 2}),
        Ruling(ONE, "b", {"outcome": Outcome.DELETED}),
    ]
    journal.commit("lane", epoch, run, rulings=rulings)
    assert journal.states([ONE, TWO]) == {
        ONE: State(outcome=Outcome.DELETED, doubts=2, account="b"),
        TWO: State(outcome=Outcome.IN_DOUBT, doubts=1, account="a"),
    }


def test_parts_and_whole_campaigns_are_different_targets(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    whole, part = Identity(SCOPE, "x"), Identity(SCOPE, "x", "y")
    journal.commit("lane", epoch, run, rulings=[Ruling(part, "acc", deleted(NOW))])
    assert set(journal.states([whole, part])) == {part}


@pytest.mark.parametrize("known", [Outcome.DELETED, Outcome.ALREADY_ABSENT, Outcome.IN_DOUBT])
def test_what_files_alone_decided_never_writes_over_what_a_lane_has_seen(
    opened: Open, known: Outcome
) -> None:
    """Judging takes a while, and of other lanes other runs know better by then."""
    journal, other = opened(), opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    seen = {**deleted(NOW), "outcome": known}
    journal.commit("lane", epoch, run, rulings=[Ruling(ONE, "acc", seen)])
    judged = begin(other, B)
    drifted = {"outcome": Outcome.DRIFTED, "detail": "withdrawn", "plan": B}
    rulings = [Ruling(one, "acc", drifted) for one in (ONE, TWO)]
    other.commit("", 0, judged, rulings=rulings, mild=True)
    states = journal.states([ONE, TWO])
    assert (states[ONE].outcome, states[ONE].plan) == (known, A)
    assert (states[TWO].outcome, states[TWO].plan) == (Outcome.DRIFTED, B)


# ---------------------------------------------------------------- lanes


def test_whoever_lost_the_lane_cannot_intend(opened: Open) -> None:
    old = opened()
    run = begin(old)
    epoch = taken(old, run).epoch
    assert old.holds("lane", epoch)
    new = opened()
    taken(new, begin(new))
    assert not old.holds("lane", epoch)
    with pytest.raises(LaneLost):
        intend(old, epoch, run, ONE)
    assert new.in_doubt() == {}


def test_a_person_ends_a_run_in_a_scope_or_at_all_and_no_later_one(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    number = intend(journal, epoch, run, ONE)
    other = opened()  # as another process would
    other.order_stop([run], by="carol", because="an incident", account="push", scope="elsewhere")
    assert journal.stop_ordered(run, SCOPE) is None
    intend(journal, epoch, run, TWO)
    other.order_stop([run], by="carol", because="an incident")
    assert journal.stop_ordered(run, SCOPE) == "stopped by carol: an incident"
    result = Result(number, 200, "deleted", None)
    ruling = Ruling(ONE, "a", deleted(NOW))
    with pytest.raises(StopOrdered, match="stopped by carol: an incident"):
        journal.commit(
            *("lane", epoch, run),
            results=[result],
            rulings=[ruling],
            intents=[Intent("a", SCOPE, "delete", "DELETE", "http://v/3", (PART,))],
        )
    assert journal.states([ONE])[ONE].outcome is Outcome.DELETED
    assert PART not in journal.states([PART])
    told = [one for one in journal.audit_after(0) if one["type"] == "stopped"]
    assert [(one["by"], one["account"], one["plan"]) for one in told] == [
        ("carol", "push", A),
        ("carol", None, A),
    ]
    later = begin(journal)
    intend(journal, taken(journal, later).epoch, later, PART)


def test_a_late_outcome_is_recorded_unless_its_successor_saw_the_end(opened: Open) -> None:
    old = opened()
    run = begin(old)
    epoch = taken(old, run).epoch
    numbers = [intend(old, epoch, run, ONE), intend(old, epoch, run, TWO)]
    new = opened()
    second = begin(new)
    its = taken(new, second).epoch
    new.commit(
        "lane", its, second, rulings=[Ruling(TWO, "acc", {**deleted(NOW), "evidence": "look"})]
    )
    doubt = {"outcome": Outcome.IN_DOUBT, "detail": "reset", "doubts": 1}
    old.commit(
        "lane",
        epoch,
        run,
        results=[Result(one, 200, "deleted", None) for one in numbers],
        rulings=[Ruling(ONE, "acc", deleted(NOW)), Ruling(TWO, "acc", doubt)],
    )
    states = new.states([ONE, TWO])
    assert {one.outcome for one in states.values()} == {Outcome.DELETED}
    assert states[TWO].evidence == "look"


def test_taking_a_lane_tells_what_was_sent_in_its_window_and_its_pause(
    opened: Open, clock: Clock
) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    first = intend(journal, epoch, run, ONE)
    clock.on(100)
    journal.commit("lane", epoch, run, results=[Result(first, 200, "deleted", None)])
    sent_at = clock.on(10)
    second = intend(journal, epoch, run, TWO)
    answered = clock.on(2)
    journal.commit("lane", epoch, run, results=[Result(second, 429, "throttled", None)])
    kept = intend(journal, epoch, run, PART)
    journal.commit("lane", epoch, run, results=[Result(kept, None, "recalled", None, sent=False)])
    until = clock.now + timedelta(seconds=300)
    journal.pause("lane", until)
    other = opened()
    ledger = taken(other, begin(other), window=11.0)
    assert ledger.recent == ((sent_at, answered),)
    assert ledger.paused_until == until
    long = taken(other, begin(other), window=60.0)
    assert [end for _, end in long.recent] == [NOW + timedelta(seconds=100), answered]
    assert taken(other, begin(other)).epoch == long.epoch + 1


def test_a_read_in_flight_counts_for_the_pace_and_is_no_doubt(opened: Open, clock: Clock) -> None:
    journal = opened()
    run = begin(journal)
    journal.commit(
        "lane",
        taken(journal, run).epoch,
        run,
        intents=[Intent("acc", SCOPE, "list", "GET", "http://v")],
    )
    clock.on(1)
    other = opened()
    ledger = taken(other, begin(other))
    assert ledger.recent == ((NOW, clock.now),)
    assert other.in_doubt() == {}


# ---------------------------------------------------------------- what is counted


def test_the_audit_log_tells_of_deletions_not_of_reads(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    look = intend(journal, epoch, run, kind="look")
    sent = intend(journal, epoch, run, ONE)
    answers = [Result(look, 200, "read", None), Result(sent, 200, "deleted", None)]
    journal.commit("lane", epoch, run, results=answers)
    told = [(one["type"], one.get("request")) for one in journal.audit_after(0)]
    assert told == [("run-started", None), ("intent", sent), ("outcome", sent)]


def test_deleted_since_counts_targets_of_one_scope(opened: Open, clock: Clock) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    for n in range(5):
        at = clock.on(60)
        journal.commit(
            "lane", epoch, run, rulings=[Ruling(Identity(SCOPE, str(n)), "acc", deleted(at))]
        )
    journal.commit(
        "lane",
        epoch,
        run,
        rulings=[Ruling(Identity("http://other", "x"), "acc", deleted(clock.now))],
    )
    assert journal.deleted_since(SCOPE, NOW + timedelta(seconds=120)) == 3
    assert journal.deleted_since(SCOPE, NOW) == 5


def test_the_newest_request_of_a_doubt_is_told(opened: Open) -> None:
    journal = opened()
    run = begin(journal)
    epoch = taken(journal, run).epoch
    first = intend(journal, epoch, run, ONE, TWO)
    journal.commit("lane", epoch, run, results=[Result(first, None, "no-answer", "x")])
    second = intend(journal, epoch, run, ONE)
    journal.commit("lane", epoch, run, results=[Result(second, None, "no-answer", "x")])
    doubt = {"outcome": Outcome.IN_DOUBT}
    journal.commit(
        "lane", epoch, run, rulings=[Ruling(ONE, "acc", doubt), Ruling(TWO, "acc", doubt)]
    )
    assert journal.doubtful_requests() == {first: (TWO,), second: (ONE,)}


# ---------------------------------------------------------------- a file that is not ours


def test_a_journal_of_another_project_a_newer_one_and_a_stranger_are_refused_unchanged(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "state.db"
    SqliteJournal(path, "acme", clock=clock).close()
    before = path.read_bytes()
    with pytest.raises(JournalFailed, match="acme"):
        SqliteJournal(path, "other", clock=clock)
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(JournalFailed, match="newer"):
        SqliteJournal(path, "acme", clock=clock)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA user_version=1")
    db.close()
    before = path.read_bytes()
    with pytest.raises(JournalFailed, match="older"):
        SqliteJournal(path, "acme", clock=clock)
    assert path.read_bytes() == before
    stranger = tmp_path / "other.db"
    with closing(sqlite3.connect(stranger)) as db, db:
        db.execute("CREATE TABLE t(x)")
    db.close()
    with pytest.raises(JournalFailed, match="not a journal"):
        SqliteJournal(stranger, "acme", clock=clock)


# ---------------------------------------------------------------- reading alone


def reading(path: Path, clock: Clock) -> SqliteJournal:
    return SqliteJournal(path, "acme", clock=clock, read_only=True)


def test_reading_creates_nothing(tmp_path: Path, clock: Clock) -> None:
    with closing(reading(tmp_path / "s" / "state.db", clock)) as journal:
        assert journal.runs() == ()
    assert list(tmp_path.iterdir()) == []


def test_commits_beside_the_file_are_read_in_a_folder_that_may_not_be_written(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s" / "state.db"
    with closing(SqliteJournal(path, "acme", clock=clock)) as writing:
        begin(writing)
        assert path.with_name("state.db-wal").stat().st_size > 0
        # Root may write everywhere, so the right is denied here.
        monkeypatch.setattr("reconciler.lanes.journal.opening.os.access", lambda *_: False)
        with closing(reading(path, clock)) as reader:
            assert len(reader.runs()) == 1


def test_a_reader_is_not_held_up_by_a_writer(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    SqliteJournal(path, "acme", clock=clock).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as holding:
        holding.execute("BEGIN IMMEDIATE")
        with closing(reading(path, clock)) as reader:
            assert reader.runs() == ()


def test_a_large_journal_is_read_where_it_lies_and_nobody_begins_to_write_meanwhile(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    writing = SqliteJournal(path, "acme", clock=clock)
    begin(writing)
    writing.close()
    monkeypatch.setattr("reconciler.lanes.journal.opening._LARGE", 0)
    reader, other = reading(path, clock), reading(path, clock)
    assert [len(one.runs()) for one in (reader, other)] == [1, 1]
    assert [one.name for one in tmp_path.iterdir()] == ["state.db"]
    folder = os.open(tmp_path, os.O_RDONLY)
    for one in (reader, other):  # whoever writes has a turn of the folder to itself first
        with pytest.raises(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        one.close()
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(folder)
    writing = SqliteJournal(path, "acme", clock=clock)
    begin(writing)
    beside = reading(path, clock)  # which waits for nobody, and holds nobody up
    begin(writing)
    assert len(beside.runs()) == 3
    beside.close()
    writing.close()


# ---------------------------------------------------------------- what goes wrong


def test_a_journal_that_is_held_is_said_to_be_held_and_not_broken(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.lanes.journal.opening._PATIENCE", 0.05)
    path = tmp_path / "state.db"
    with closing(SqliteJournal(path, "acme", clock=clock)) as journal:
        with closing(sqlite3.connect(path, isolation_level=None)) as holding:
            holding.execute("BEGIN IMMEDIATE")
            writes: list[Callable[[], object]] = [
                lambda: begin(journal),
                lambda: journal.end(1, 0, {}),
                lambda: journal.trace(["s"]),
                lambda: journal.know({"sha256:a": "s"}),
                lambda: journal.take("lane", ["s"], 1, 60.0),
                lambda: journal.commit("lane", 1, 1, audit=[{"type": "target"}]),
                lambda: journal.pause("lane", clock()),
                lambda: journal.audit_written(1),
                lambda: journal.review(1, "ann", "seen"),
            ]
            for write in writes:
                with pytest.raises(Locked, match="another run holds the journal"):
                    write()
            holding.execute("ROLLBACK")
        assert begin(journal) == 1  # nothing was broken by that


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_BUSY, "another run holds"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "another run holds"),
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_IOERR_FSYNC, "the disk failed"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "may not be written"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened"),
        (sqlite3.SQLITE_PERM, "may not be opened"),
        (sqlite3.SQLITE_CORRUPT, "damaged"),
        (sqlite3.SQLITE_NOTADB, "not a journal"),
        (sqlite3.SQLITE_ERROR, "run again"),
    ],
)
def test_each_kind_of_failure_has_its_own_words_and_way_out(code: int, words: str) -> None:
    error = sqlite3.OperationalError("never shown")
    error.sqlite_errorcode = code
    said = str(opening.failure(Path("x/state.db"), "write", error))
    assert words in said
    assert "never shown" not in said


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_journal_taken_away_stops_its_run_before_it_writes(
    tmp_path: Path, clock: Clock, how: str
) -> None:
    path = tmp_path / "s" / "state.db"
    with closing(SqliteJournal(path, "acme", clock=clock)) as journal:
        path.parent.rename(tmp_path / "gone")
        if how == "replaced":
            SqliteJournal(path, "acme", clock=clock).close()
        with pytest.raises(JournalFailed, match="taken away"):
            begin(journal)


def test_runs_that_begin_together_on_a_new_project_share_one_journal(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "s" / "state.db"

    def identity(_: int) -> str:
        with closing(SqliteJournal(path, "acme", clock=clock)) as journal:
            return journal.identity

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(identity, range(64)))) == 1


@pytest.mark.parametrize("fails", ["check", "file_of", "_make", "_copied", "new_meta", "os.chmod"])
@pytest.mark.parametrize("how", ["new", "written", "left", "read", "beside", "copied"])
def test_whatever_fails_while_a_journal_is_opened_it_is_not_left_open(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, how: str, fails: str
) -> None:
    """`none_left_open` around every test says so."""
    path = tmp_path / "state.db"
    with ExitStack() as beside:
        if how != "new":
            writing = beside.enter_context(closing(SqliteJournal(path, "acme", clock=clock)))
            begin(writing)
        if how in ("written", "read"):
            beside.close()
        elif how == "left":  # commits beside the file, as a crash leaves them
            beside.close()
            path.with_name("state.db-wal").write_bytes(b"torn")
        elif how == "copied":
            monkeypatch.setattr("reconciler.lanes.journal.opening.os.access", lambda *_: False)

        def broken(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(f"reconciler.lanes.journal.opening.{fails}", broken)
        with suppress(KeyboardInterrupt):
            read_only = how in ("read", "beside", "copied")
            SqliteJournal(path, "acme", clock=clock, read_only=read_only).close()

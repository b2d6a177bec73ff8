"""What a state in PostgreSQL has to do beside what every journal does."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from reconciler.errors import Locked, ReconcilerError
from reconciler.lanes.dispatch.procrastinate import Engine, schema
from reconciler.lanes.handed import Bundle, HandedLane
from reconciler.lanes.journal import (
    Intent,
    JournalFailed,
    Result,
    Ruling,
    postgres_admin,
    postgres_alone,
    postgres_link,
    postgres_schema,
)
from reconciler.lanes.journal.postgres import PostgresJournal
from reconciler.lanes.journal.tables import VERSION
from reconciler.model import Identity, Outcome
from reconciler.prove import chain
from tests.support.postgres import PASSWORD, Postgres, program

ONE = Identity("http://v", "1")
WHO = {"pid": 7, "user": "u", "host": "h", "accounts": ["a"], "since": "s", "plan": "p"}


def init(url: str, project: str) -> bool:
    return postgres_admin.init(url, project, schema())


@pytest.fixture
def open_(database: str) -> Iterator[Callable[[], PostgresJournal]]:
    """Opens the same journal anew at each call, as another process would."""
    made: list[PostgresJournal] = []

    def one() -> PostgresJournal:
        made.append(PostgresJournal(database, "acme"))
        return made[-1]

    yield one
    for journal in made:
        journal.close()


@pytest.fixture
def journal(open_: Callable[[], PostgresJournal]) -> PostgresJournal:
    return open_()


def begin(journal: Any) -> int:
    return int(journal.begin(None, "apply", "{}", [], {}))


# ---------------------------------------------------------------- the tables


def test_a_database_without_tables_says_what_makes_them(postgres: Postgres) -> None:
    with postgres.database(None) as name:
        url = postgres.url(name)
        with pytest.raises(JournalFailed, match="reconciler db init"):
            PostgresJournal(url, "acme")
        with pytest.raises(JournalFailed, match="reconciler db init"):
            postgres_admin.check(url, "acme")
        assert postgres_admin.init(url, "acme", schema())
        assert not postgres_admin.init(url, "acme", schema())
        postgres_admin.check(url, "acme")
        PostgresJournal(url, "acme").close()


def test_inits_at_the_same_time_make_one_journal(postgres: Postgres) -> None:
    with postgres.database(None) as name:
        url = postgres.url(name)
        with ThreadPoolExecutor(8) as pool:
            made = [pool.submit(postgres_admin.init, url, "acme", schema()) for _ in range(8)]
        assert sorted(one.result() for one in made) == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("version", "words"),
    [(VERSION + 1, "Install that version"), (0, "does not know"), ("soon", "does not know")],
)
def test_tables_of_another_version_are_refused_with_what_to_do(
    postgres: Postgres, version: object, words: str
) -> None:
    with postgres.database() as name:
        url = postgres.url(name)
        told = "UPDATE reconciler.meta SET value='{}' WHERE key='version'"
        postgres.tell(told.format(version), name)
        for ask in (postgres_admin.check, init, postgres_admin.upgrade):
            with pytest.raises(JournalFailed, match=words):
                ask(url, "acme")
        with pytest.raises(JournalFailed, match=words):
            PostgresJournal(url, "acme")
        postgres.tell(told.format(VERSION), name)


def test_older_tables_are_upgraded_once_by_whoever_asks_and_used_by_nobody_before(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_schema, "_STEPS", {VERSION - 1: "CREATE TABLE extra(x INTEGER)"})
    with postgres.database(None) as name:
        url = postgres.url(name)
        init(url, "acme")
        older = f"UPDATE reconciler.meta SET value='{VERSION - 1}' WHERE key='version'"
        postgres.tell(older, name)
        for ask in (postgres_admin.check, init, PostgresJournal):
            with pytest.raises(JournalFailed, match="db upgrade"):
                ask(url, "acme")  # type: ignore[operator]
        with pytest.raises(JournalFailed, match="not of 'other'"):  # and nothing was changed
            postgres_admin.upgrade(url, "other")
        with ThreadPoolExecutor(4) as pool:
            made = [pool.submit(postgres_admin.upgrade, url, "acme") for _ in range(4)]
        assert sorted(one.result() for one in made) == [False] * 3 + [True]
        assert postgres.ask("SELECT count(*) FROM reconciler.extra", name) == [(0,)]
        PostgresJournal(url, "acme").close()


def test_the_journal_of_another_project_is_refused(database: str) -> None:
    with pytest.raises(JournalFailed, match="of project 'acme', not of 'other'"):
        PostgresJournal(database, "other")


def test_a_table_that_is_missing_is_named(postgres: Postgres) -> None:
    with postgres.database(None) as name:
        postgres_admin.init(postgres.url(name), "acme", schema())
        postgres.tell("DROP TABLE reconciler.shelf", name)
        with pytest.raises(JournalFailed, match="lacks shelf"):
            postgres_admin.check(postgres.url(name), "acme")


# ---------------------------------------------------------------- the connection


def test_the_url_says_it_all_and_the_environment_nothing(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"PGHOST": "nowhere", "PGPORT": "1", "PGSSLMODE": "require", "PGUSER": "nobody"}
    wrong |= {"PGPASSWORD": "wrong", "PGOPTIONS": "-c search_path=nowhere", "PGDATABASE": "none"}
    wrong |= {"PGTARGETSESSIONATTRS": "standby", "PGSSLCERTMODE": "require"}
    with postgres.database() as name, monkeypatch.context() as environment:
        for variable, value in wrong.items():
            environment.setenv(variable, value)
        with closing(PostgresJournal(postgres.url(name, tcp=True), "acme")) as one:
            assert begin(one) == 1
        environment.setenv("PGPASSWORD", PASSWORD)
        with pytest.raises(ReconcilerError, match="a password is needed"):
            PostgresJournal(postgres.url(name, tcp=True).replace(f":{PASSWORD}", ""), "acme")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://owner:{secret}@127.0.0.1:{port}/postgres", "not accepted"),
        ("postgresql://owner:{secret}@127.0.0.1:1/acme", "not reached"),
        ("postgresql://owner:{secret}@127.0.0.1:{port}/none?sslmode=require", "no TLS"),
        ("postgresql://owner:{secret}@127.0.0.1:{port}/none?colour={secret}", "that can be read"),
        ("postgresql://owner:{secret}@[::1/none", "that can be read"),
    ],
)
def test_what_keeps_it_from_being_opened_is_told_without_the_password(
    postgres: Postgres, url: str, words: str
) -> None:
    secret = "canary-of-the-url"
    with pytest.raises(ReconcilerError, match=words) as told:
        PostgresJournal(url.format(secret=secret, port=postgres.port), "acme")
    shown: BaseException | None = told.value
    while shown is not None:  # a traceback shows them all
        assert secret not in str(shown)
        shown = None if shown.__suppress_context__ else shown.__cause__ or shown.__context__


def test_outcomes_are_durable_whatever_the_default_of_the_role(postgres: Postgres) -> None:
    with postgres.database() as name:
        postgres.tell(f"ALTER DATABASE {name} SET synchronous_commit = off")
        with closing(PostgresJournal(postgres.url(name), "acme")) as one:
            assert one._db.one("SHOW synchronous_commit") == ("on",)
        postgres.tell(f"ALTER DATABASE {name} RESET synchronous_commit")


def test_reading_alone_can_write_nothing(database: str) -> None:
    with closing(PostgresJournal(database, "acme", read_only=True)) as one:
        with pytest.raises(JournalFailed, match="read-only"):
            one._db.run("DELETE FROM runs")
        assert one.runs() == ()


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (errors.DiskFull, JournalFailed, "its disk is full"),
        (errors.InsufficientPrivilege, JournalFailed, "this role may not"),
        (errors.ReadOnlySqlTransaction, JournalFailed, "name the primary"),
        (errors.AdminShutdown, JournalFailed, "the connection was lost"),
        (errors.IoError, JournalFailed, "its disk failed"),
        (errors.UndefinedTable, JournalFailed, "db check"),
        (errors.SyntaxError, JournalFailed, "see its log"),
        (errors.LockNotAvailable, Locked, "another run holds the journal"),
        (errors.DeadlockDetected, Locked, "another run holds the journal"),
    ],
)
def test_each_kind_of_failure_has_its_own_words_and_way_out(
    error: type[Exception], kind: type[ReconcilerError], words: str
) -> None:
    said = postgres_link.failure("postgresql://h/d", "write", error("never shown"))  # type: ignore[arg-type]
    assert type(said) is kind
    assert words in str(said)
    assert "never shown" not in str(said)


# ---------------------------------------------------------------- the clock


def test_the_databases_clock_counts_and_not_the_machines(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = datetime.now(UTC)
    monkeypatch.setattr("reconciler.lanes.journal.postgres.time.time", lambda: 0.0, raising=False)
    begin(journal)
    (run,) = journal.runs()
    assert abs(run.started - real) < timedelta(minutes=1)
    assert abs(journal.now() - real) < timedelta(minutes=1)


# ---------------------------------------------------------------- who holds a lane


def test_a_lane_is_held_by_a_connection_and_freed_with_it(
    open_: Callable[[], PostgresJournal],
) -> None:
    one, two = open_(), open_()
    mine, others = one.shared.locks(), two.shared.locks()
    mine.take(["b", "a"], WHO)
    with pytest.raises(Locked, match="a is being worked by another run: .*pid 7 of u on h"):
        others.take(["c", "a"], WHO)
    assert [found["lane"] for found in others.holders()] == ["a", "b"]  # all or none
    one.close()
    two._server.one("SELECT pg_advisory_lock(?)", (mine._token,))  # once its end is noticed there
    two._server.one("SELECT pg_advisory_unlock(?)", (mine._token,))
    others.take(["a", "b"], {**WHO, "pid": 8})
    assert {found["pid"] for found in others.holders()} == {8}
    others.release()
    assert others.holders() == []
    two.close()


def test_locks_of_one_run_are_let_go_one_by_one(journal: PostgresJournal) -> None:
    first, second = journal.shared.locks(), journal.shared.locks()
    first.take(["a"], WHO)
    second.take(["b"], WHO)
    first.release()
    assert [found["lane"] for found in second.holders()] == ["b"]


def test_of_all_machines_one_at_a_time_changes_the_inventory(
    postgres: Postgres, database: str
) -> None:
    inside: list[int] = []
    most: list[int] = []

    def change(number: int) -> None:
        with postgres_alone.inventory(database):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    ask = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%'"
    with ThreadPoolExecutor(3) as pool:
        with postgres_alone.inventory(database):
            waiting = [pool.submit(change, number) for number in range(3)]
            while postgres.ask(ask) != [(4,)]:
                assert not any(one.done() for one in waiting)
                time.sleep(0.02)
            assert most == []
        for one in waiting:
            one.result()
    assert most == [1] * 3


# ---------------------------------------------------------------- what goes wrong


def test_a_connection_lost_in_a_commit_is_never_tried_again(
    postgres: Postgres, open_: Callable[[], PostgresJournal]
) -> None:
    one = open_()
    run = begin(one)
    epoch = one.take("lane", ["http://v"], run, 60.0).epoch
    postgres.restart()
    ruling = Ruling(ONE, "a", {"outcome": Outcome.DELETED})
    with pytest.raises(JournalFailed, match="the connection was lost"):
        one.commit("lane", epoch, run, rulings=[ruling])
    with pytest.raises(JournalFailed, match="the connection was lost"):
        one.commit("lane", epoch, run, rulings=[ruling])
    one.close()
    with closing(open_()) as other:
        assert other.states([ONE]) == {}
        assert [found.number for found in other.runs()] == [run]


def test_a_lane_row_that_somebody_holds_is_another_run_and_not_a_failure(
    open_: Callable[[], PostgresJournal],
) -> None:
    one, two = open_(), open_()
    one.take("lane", [], begin(one), 60.0)
    run = begin(two)
    two._db.run("SET lock_timeout = '50ms'")
    with one._transaction():
        one._db.one("SELECT epoch FROM lanes WHERE lane='lane' FOR UPDATE")
        with pytest.raises(Locked, match="another run holds"):
            two.take("lane", [], run, 60.0)
    assert two.take("lane", [], run, 60.0).epoch == 2  # nothing was broken by that
    one.close()
    two.close()


def test_who_falls_silent_in_the_middle_of_a_batch_holds_nothing_for_long(
    postgres: Postgres, open_: Callable[[], PostgresJournal]
) -> None:
    """As a frozen process leaves it: begun, more was to come, and nothing comes."""
    count = (
        "SELECT count(*) FROM pg_stat_activity WHERE state='active' AND wait_event='ClientRead' "
        "AND state_change <= clock_timestamp() - interval '{} seconds'"
    )
    one, others = open_(), [open_()]

    def falls_silent() -> None:
        with one._transaction(), one._server.connection.pipeline() as pipeline:
            one._server.connection.execute("SELECT pg_advisory_xact_lock(7)", prepare=False)
            pipeline.pgconn.send_flush_request()
            pipeline.pgconn.flush()
            for seconds in (0, 5):
                while postgres.ask(count.format(seconds)) != [(1,)]:
                    time.sleep(0.05)
                others.append(open_())
                if not seconds:  # that is not long enough
                    assert others[-1]._db.one("SELECT pg_try_advisory_lock(7)") == (False,)
            others[-1]._db.one("SELECT pg_advisory_lock(7)")

    with pytest.raises(JournalFailed, match="the connection was lost"):
        falls_silent()
    for other in others:
        other.close()


def test_whoever_is_freed_from_keeps_no_lane(open_: Callable[[], PostgresJournal]) -> None:
    """Without waiting for the server's own limit: a worker that counts as dead is silent enough."""
    one, other = open_(), open_()
    one.shared.handed.hand(begin(one), "sha256:0", [Bundle("lane", ("a",), 1, [b"work"])])
    (lane,) = other.shared.handed.due()

    def falls_silent() -> None:
        with one._transaction():
            one._db.one("SELECT 1 FROM handed FOR UPDATE")
            other.shared.handed.free(60)
            one._db.one("SELECT 1")  # not silent for so long
            other.shared.handed.free(0)
            assert other.shared.handed.take(lane.number, WHO) is not None

    with pytest.raises(JournalFailed, match="the connection was lost"):
        falls_silent()


def test_what_is_written_while_records_are_chained_is_not_waited_for(
    open_: Callable[[], PostgresJournal],
) -> None:
    one, other = open_(), open_()
    begin(one)

    def seal(record: Mapping[str, Any], seq: int, prev: str) -> tuple[bytes, str]:
        begin(other)
        return chain.seal(record, seq=seq, prev=prev)

    one.shared.chain(seal, one.identity, chain.GENESIS)
    assert len(list(one.shared.log())) == 1
    one.shared.chain(seal, one.identity, chain.GENESIS, 0)
    assert len(list(one.shared.log())) == 1


def test_a_database_on_another_server_is_told_from_the_one_that_wrote_last(
    postgres: Postgres, database: str, open_: Callable[[], PostgresJournal]
) -> None:
    with closing(open_()) as one:
        assert not one.moved()
        one.trace(["http://v"])
    name = database.rpartition("@/")[2].partition("?")[0]
    postgres.tell("UPDATE reconciler.meta SET value='7 00000001' WHERE key='place'", name)
    with closing(open_()) as one:
        before = one.identity
        assert one.moved()
        one.reborn()
        assert one.identity != before
        assert one.traced("http://v") is None
        assert not one.moved()


# ---------------------------------------------------------------- what lies beside it


def test_plans_reports_and_copies_are_kept_whole(journal: PostgresJournal) -> None:
    large = os.urandom(3 << 20)
    shared = journal.shared
    shared.put("plan", "sha256:a", [large])
    shared.put("plan", "sha256:a", [b"never: a digest has one content"])
    shared.put("report", "sha256:a", [b"first"])
    shared.put("report", "sha256:a", [b"second"])
    shared.put("copy", "sha256:e", [b""])
    assert shared.get("plan", "sha256:a") == b"".join(shared.plan("sha256:a")) == large
    assert shared.get("report", "sha256:a") == b"second"
    assert shared.get("copy", "sha256:e") == b""
    assert shared.get("copy", "sha256:a") is shared.plan("sha256:b") is None


def test_every_record_is_chained_once_whoever_exports(
    open_: Callable[[], PostgresJournal], tmp_path: Path
) -> None:
    made = [open_() for _ in range(4)]

    def work(one: PostgresJournal) -> None:
        for _ in range(5):
            one.end(begin(one), 0, {})
            one.shared.chain(
                lambda record, seq, prev: chain.seal(record, seq=seq, prev=prev),
                one.identity,
                chain.GENESIS,
            )

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, one) for one in made]:
            done.result()
    log = tmp_path / "audit.ndjson"
    log.write_bytes(b"".join(made[0].shared.log()))
    with log.open("rb") as file:
        records = list(chain.walk(file))
    assert len(records) == 40
    assert sorted(one["entry"] for one in records) == list(range(1, 41))


def test_a_dump_of_the_database_has_no_password(postgres: Postgres, database: str) -> None:
    name = database.rpartition("@/")[2].partition("?")[0]
    with closing(PostgresJournal(postgres.url(name, tcp=True), "acme")) as one:
        begin(one)
        one.shared.locks().take(["a"], WHO)
    dump = [program("pg_dump"), "--dbname", database]
    said = subprocess.run(dump, capture_output=True, text=True, check=True).stdout
    assert "reconciler.runs" in said
    assert PASSWORD not in said


# ---------------------------------------------------------------- who may do what


def test_the_roles_of_the_page_may_do_what_it_says_and_no_more(postgres: Postgres) -> None:
    page = (Path(__file__).parents[2] / "docs" / "state.md").read_text("utf-8")
    grants = page.partition("```sql\n")[2].partition("```")[0]
    with postgres.database(None) as name:
        init(postgres.url(name), "acme")
        try:
            postgres.tell(grants, name)
            worker = postgres.url(name, user="reconciler_worker")
            postgres_admin.check(worker, "acme", writes=True)
            with closing(PostgresJournal(worker, "acme")) as one:
                assert not one.moved()
                run = begin(one)
                one.take("lane", ["http://v"], run, 60.0)
                one.shared.locks().take(["lane"], WHO)
                one.shared.put("plan", "sha256:a", [b"x"])
                one.shared.handed.hand(run, "sha256:a", [Bundle("lane", ("a",), 1, [b"w"])])
                asyncio.run(_mended(worker, one.shared.handed.lanes()))
                with pytest.raises(JournalFailed, match="this role may not"):
                    one._db.run("CREATE TABLE reconciler.mine(x INTEGER)")
            reader = postgres.url(name, user="reconciler_reader")
            with closing(PostgresJournal(reader, "acme", read_only=True)) as one:
                assert [found.number for found in one.runs()] == [run]
                assert len(one.shared.handed.lanes()) == 1
            with pytest.raises(JournalFailed, match="may not write"):
                postgres_admin.check(reader, "acme", writes=True)
        finally:
            for role in ("reconciler_worker", "reconciler_reader"):
                postgres.tell(f"DROP OWNED BY {role}; DROP ROLE {role}", name)


def test_lanes_that_wait_for_a_later_time_are_not_due(journal: PostgresJournal) -> None:
    handed, run = journal.shared.handed, begin(journal)
    bundles = [Bundle(one, ("a",), 1, [b"w"]) for one in ("one", "two", "three")]
    handed.hand(run, "sha256:a", bundles)
    one, two, _ = handed.lanes()
    for lane, until in ((one, time.time() + 60), (two, time.time() - 60)):
        assert handed.take(lane.number, WHO) is not None
        assert handed.mark(lane.number, 1, "waiting", until=until)
    assert [lane.lane for lane in handed.due()] == ["two", "three"]
    assert len(handed.lanes()) == 3


def test_a_request_of_many_targets_asks_the_database_as_often_as_one_of_one(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    execute, run = psycopg.Connection.execute, begin(journal)
    epoch = journal.take("lane", ["http://v"], run, 60.0).epoch

    def counted(link: Any, sql: Any, *values: Any, **more: Any) -> Any:
        asked.append(str(sql))
        return execute(link, sql, *values, **more)

    def times(count: int) -> int:
        asked.clear()
        targets = [Identity("http://v", f"{count}-{number}") for number in range(count)]
        intent = Intent("a", "http://v", "delete", "POST", "/d", tuple(targets))
        (number,) = journal.commit("lane", epoch, run, intents=[intent])
        changes = {"outcome": Outcome.DELETED, "at": datetime.now(UTC), "sends": 1, "detail": None}
        rulings = [Ruling(one, "a", changes) for one in targets]
        results, records = [Result(number, 204, "deleted", None)], [{"type": "x"}] * count
        journal.commit("lane", epoch, run, results=results, rulings=rulings, audit=records)
        known = journal.states(targets).values()
        assert [one.outcome for one in known] == [Outcome.DELETED] * count
        return len(asked)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    monkeypatch.setattr(psycopg.Cursor, "executemany", None)
    assert times(1) == times(100)


def test_whoever_freezes_with_a_job_half_ended_keeps_nobody_from_it_for_long(
    database: str,
) -> None:
    async def limits() -> dict[str, Any]:
        ask = (
            "SELECT current_setting('lock_timeout') AS locks, "
            "current_setting('idle_in_transaction_session_timeout') AS idle"
        )
        async with Engine(database).open() as engine:
            return await engine._app.connector.execute_query_one_async(ask)

    assert asyncio.run(limits()) == {"locks": "10s", "idle": "5s"}


def test_a_job_that_its_worker_never_heard_of_is_given_again(
    database: str, journal: PostgresJournal
) -> None:
    """As a connection that is lost in the middle of a fetch, or of an end, leaves it."""
    journal.shared.handed.hand(begin(journal), "sha256:0", [Bundle("lane", ("a",), 1, [b"work"])])
    lanes = journal.shared.handed.due()
    worked: list[int] = []

    async def body() -> None:
        at_work, ends = asyncio.Event(), asyncio.Event()

        async def work(number: int) -> None:
            worked.append(number)
            at_work.set()
            await ends.wait()

        engine = Engine(database, work)
        async with engine.open(), asyncio.TaskGroup() as tasks:
            tasks.create_task(engine.run(concurrency=1, name="w", wait=True))
            while journal._db.one("SELECT 1 FROM procrastinate_workers") is None:
                await asyncio.sleep(0.02)
            await engine._app.configure_task(name="lane", queue="lanes", lock="lane").defer_async(
                number=lanes[0].number
            )
            await at_work.wait()
            engine._here.clear()  # as if it had never come
            for times in (1, 1, 2):  # at its first sight it may be on its way
                jobs = journal._db.all("SELECT id FROM procrastinate_jobs ORDER BY id")
                assert [one for (one,) in jobs] == [times]
                await engine.mend(lanes)
            ends.set()
            engine.stop()

    asyncio.run(body())
    assert worked[0] == lanes[0].number


def test_a_client_ends_no_workers_job_however_seldom_that_gives_a_sign(
    database: str, journal: PostgresJournal
) -> None:
    journal.shared.handed.hand(begin(journal), "sha256:0", [Bundle("lane", ("a",), 1, [b"work"])])
    lanes = journal.shared.handed.due()

    def jobs() -> list[int]:
        return [one for (one,) in journal._db.all("SELECT id FROM procrastinate_jobs ORDER BY id")]

    async def body() -> None:
        async with Engine(database).open() as client:
            await client.mend(lanes)
            journal._db.run("INSERT INTO procrastinate_workers(last_heartbeat) VALUES('epoch')")
            journal._db.run(
                "UPDATE procrastinate_jobs SET status='doing', "
                "worker_id=(SELECT id FROM procrastinate_workers)"
            )
            await client.mend(lanes)
            assert jobs() == [1]
        async with Engine(database, lambda _: asyncio.sleep(0)).open() as worker:
            await worker.mend(lanes)
            assert jobs() == [2]

    asyncio.run(body())


async def _mended(url: str, lanes: Sequence[HandedLane]) -> None:
    async with Engine(url).open() as engine:
        await engine.mend(lanes)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_keep_every_name_is_refused_with_how_to_make_one(
    postgres: Postgres, encoding: str
) -> None:
    name = f"in_{encoding.lower()}"
    postgres.tell(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
    with pytest.raises(ReconcilerError, match="ENCODING 'UTF8' TEMPLATE template0. Nothing"):
        init(postgres.url(name), "acme")
    postgres.tell(f"DROP DATABASE {name}")


def test_in_which_encoding_a_client_speaks_by_default_does_not_matter(postgres: Postgres) -> None:
    with postgres.database(None) as name:
        postgres.tell(f"ALTER DATABASE {name} SET client_encoding = 'LATIN1'")
        assert init(postgres.url(name, more="&client_encoding=LATIN1"), "acme") is True
        with closing(postgres_link.connected(postgres.url(name), "here")) as link:
            assert link.execute("SELECT %s::text", ("Ἕλλην",)).fetchone() == ("Ἕλλην",)

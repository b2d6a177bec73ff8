"""Targets by account, outcomes by scope: where the two meet."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.lanes.journal import Ruling
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.known import Known
from reconciler.model import Identity, Outcome, Target

HERE, THERE = "http://here project p", "http://there project p"
DOUBT = {"outcome": Outcome.IN_DOUBT}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(tmp_path / "s.db", "acme", clock=lambda: datetime.now(UTC))) as made:
        run = made.begin("sha256:a", "apply", "{}", [], {})
        rulings = [Ruling(Identity(scope, "1"), "a", DOUBT) for scope in (HERE, THERE)]
        made.commit("", 0, run, rulings=rulings)
        yield made


def test_a_doubt_of_the_accounts_scope_has_its_name(journal: SqliteJournal) -> None:
    known = Known(journal, {"renamed": HERE})
    doubts = known.in_doubt()
    assert Target("renamed", "1") in doubts
    assert known.elsewhere(Target("renamed", "1")) is None


def test_a_doubt_of_another_scope_is_never_taken_for_the_accounts_own(
    journal: SqliteJournal,
) -> None:
    known = Known(journal, {"a": HERE})
    for _ in range(2):  # however often it is asked
        here, there = sorted(known.in_doubt())
        assert here == Target("a", "1")
        assert known.elsewhere(there) == THERE
        assert known.identity(there) == Identity(THERE, "1")
        assert known.identity(here) == Identity(HERE, "1")


def test_a_doubt_of_no_account_keeps_what_its_account_was_called(journal: SqliteJournal) -> None:
    known = Known(journal, {"b": "http://elsewhere"})
    scopes = {known.identity(one).scope: one.account for one in known.in_doubt()}
    assert scopes == {HERE: "a", THERE: f"a ({THERE})"}


def test_what_nobody_can_tell_the_scope_of_is_unheard_of(journal: SqliteJournal) -> None:
    known = Known(journal, {"a": None})
    assert known.states([Target("a", "1")]) == {}
    assert known.scope("a").startswith("unknown")


def test_of_two_accounts_of_one_scope_the_one_that_asked_is_named(journal: SqliteJournal) -> None:
    assert Target("a", "1") in Known(journal, {"0": HERE, "a": HERE}).in_doubt()
    assert Target("0", "1") in Known(journal, {"0": HERE, "b": HERE}).in_doubt()

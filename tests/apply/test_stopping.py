"""Who holds a lane is what it says it is, whatever number its process has."""

import json
from datetime import UTC, datetime
from pathlib import Path

from reconciler.apply import stopping
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.locks import Locks
from reconciler.lanes.state import holder


def test_a_run_that_died_is_not_the_one_that_now_has_its_number(tmp_path: Path) -> None:
    """In containers every run is process 1 of a host of one name."""
    journal = SqliteJournal(tmp_path / "state.db", "acme", clock=lambda: datetime.now(UTC))
    locks, plain = Locks(tmp_path / "locks"), {"pid": 1, "host": "runner", "accounts": ["push"]}
    journal.begin("sha256:a", "apply", json.dumps({**holder(), **plain}), [], {})  # and died
    living = {**holder(), **plain}
    locks.take(["lane"], living)
    try:
        assert stopping._under_way(journal, locks, None, None) == []  # it has not begun its run
        run = journal.begin("sha256:b", "apply", json.dumps(living), [], {})
        journal.begin("sha256:c", "apply", json.dumps({**holder(), **plain}), [], {})  # and died
        found = stopping._under_way(journal, locks, None, None)
        assert [(one.number, one.plan) for one in found] == [(run, "sha256:b")]
    finally:
        locks.release()
        journal.close()

"""What a worker does beside its lanes: it finds those that nobody works, and ends what was left."""

import hashlib
import threading
from collections import Counter
from contextlib import closing
from dataclasses import replace

from reconciler.apply import report as reports
from reconciler.apply.bundle import fates_of
from reconciler.declare.project import ProjectFile
from reconciler.errors import Exit
from reconciler.lanes import state
from reconciler.lanes.handed import HandedLane
from reconciler.lanes.journal.sql import SqlJournal
from reconciler.lanes.work import Fate
from reconciler.site import Site

_UNFOLLOWED = 30.0  # seconds after its last lane in which whoever follows a run ends it
_FEW = 1_000  # records that are put into the audit log at a time, beside lanes at work
_SILENCE = 2 / 3  # of the stall time: whoever is dead by then has been silent for longer


class Tender:
    """Sees which lanes are due, by a connection of its own, which waits for nobody.

    *stall*: seconds without a sign of life after which a worker counts as dead.
    """

    def __init__(self, site: Site, project: ProjectFile, stall: float) -> None:
        self._site = site
        self._project = project
        self._stall = stall
        self._journal: SqlJournal | None = None
        self._seen: str | None = None  # the project file, as it was when lanes were last woken
        self._lock = threading.Lock()

    def due(self) -> list[HandedLane]:
        """The lanes that a worker may take now, or has taken."""
        with self._lock:
            if self._journal is None:
                self._journal = state.open_journal(self._site, self._project)
            try:
                return self._due(self._journal)
            except BaseException:
                self._let_go()
                raise

    def _due(self, journal: SqlJournal) -> list[HandedLane]:
        assert journal.shared is not None
        if (files := self._files()) != self._seen:
            journal.shared.handed.wake(files)  # windows may be others now
            self._seen = files
        return journal.shared.handed.due()

    def free(self) -> None:
        """Whoever froze in the middle of a transaction keeps nobody from its lanes any more."""
        with self._lock:
            if self._journal is not None:
                assert self._journal.shared is not None
                self._journal.shared.handed.free(self._stall * _SILENCE)

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _files(self) -> str:
        """The digest of the project file as it is now."""
        try:
            data = (self._site.root / self._site.config).read_bytes()
        except OSError:
            data = b""
        return hashlib.sha256(data).hexdigest()


def tidy(site: Site, project: ProjectFile, *, busy: bool) -> None:
    """End the runs that nobody followed to their end, and bring the audit log up to date.

    *busy*: only some way, because lanes are at work beside it, or the worker is to end.
    """
    with closing(state.open_journal(site, project)) as journal:
        end_unfollowed(journal, _UNFOLLOWED)
        state.export_audit(site, journal, _FEW if busy else None)


def end_unfollowed(journal: SqlJournal, since: float) -> None:
    """End the runs whose lanes are at their end, and that nobody followed until there."""
    assert journal.shared is not None
    for run in journal.shared.handed.unended(since):
        handed = journal.shared.handed
        lanes, counts, kinds = handed.lanes(run=run), Counter[str](), set[Fate]()
        for lane in lanes:
            parts = handed.fates(lane.number)
            for _, fate in () if parts is None else fates_of(parts):
                counts[fate.outcome.value] += 1
                kinds.add(replace(fate, detail=None, evidence=None))
        codes = [Exit(one.code) for one in lanes if one.code is not None]
        code = min(codes) if codes else reports.exit_code(kinds, stop=None)
        journal.end(run, code, {"summary": dict(counts), "report": None})
        handed.forget(run)

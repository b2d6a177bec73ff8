"""The journal: what was asked of a vendor, written before it is asked, and what came of it.

The unit is one request (up to a hundred targets). An *intent* is durable before the request
leaves; its *result* is durable before it is counted. Keyed by scope, id and part, whatever plan
asks and whatever the account is called. The interface is small on purpose; every backend passes
the same suite of tests.

A journal has an identity of its own, which every record for the audit log carries, and a salt
under which scopes that only a secret names are told apart.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

import msgspec

from reconciler.errors import ReconcilerError
from reconciler.lanes.handed import Handover
from reconciler.model import Evidence, Identity, Outcome, SentRequest

ALL = 1 << 40
"""More records than there ever are."""


class JournalFailed(ReconcilerError):
    """The journal could not be read or written. No further request may be sent."""


class Away(ReconcilerError):
    """The state is not there now, and may be in a moment."""


class LaneLost(ReconcilerError):
    """Another run has taken the lane; this one may not send any more."""


class StopOrdered(ReconcilerError):
    """A person has ended this run, or its work in this scope: no further request of it leaves."""


class State(msgspec.Struct, frozen=True):
    """What the journal knows of one target.

    *outcome* None: nothing is settled (never sent, or cleared to be sent again). *sends*: requests
    that may have reached the vendor. *doubts*: those of them that ended in doubt. *last_byte_at*:
    when the newest doubtful exchange ended. *seen_at*: since when, after a doubt, looks have shown
    it there. *cleared*: two looks have shown it there, so it may be sent again, once.
    *plan*, *asked* (the digests of the absences that asked, `plan.asked.words`) and *inventory*
    (digests of the files that proposed it) belong to the newest outcome. *account* is what the
    account was called then: a label, for people. *copy*: the digest of the newest kept copy of it.
    """

    outcome: Outcome | None = None
    detail: str | None = None
    evidence: Evidence | None = None
    at: datetime | None = None
    plan: str | None = None
    asked: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    sends: int = 0
    doubts: int = 0
    last_byte_at: datetime | None = None
    seen_at: datetime | None = None
    cleared: bool = False
    account: str = ""
    copy: str | None = None


NOTHING = State()


@dataclass(frozen=True, slots=True)
class History:
    """The deletion requests that were sent for a target, oldest first, and its newest kept copy."""

    requests: tuple[SentRequest, ...] = ()
    copy: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A request about to leave. *targets* empty: a read (look, list).

    *asked*: for each target the digests of the absences that ask for it (`State.asked`).
    """

    account: str
    scope: str
    kind: str  # delete, look, list
    method: str
    url: str  # secrets masked
    targets: tuple[Identity, ...] = ()
    asked: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of request *number*: *status* None if no answer came."""

    number: int
    status: int | None
    verdict: str
    detail: str | None
    vendor_id: str | None = None  # the vendor's own id of the request, if a header gave one
    sent: bool = True  # False: no byte left


class Ruling(msgspec.Struct, frozen=True):
    """What a target is now. *changes* are the `State` fields that differ from before."""

    target: Identity
    account: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a lane's new owner must know: recent requests (sent, answered or None), and a pause.

    *pause*: how many seconds it was to last when it was set; no clock makes it longer.
    """

    epoch: int
    recent: tuple[tuple[datetime, datetime | None], ...]
    paused_until: datetime | None
    pause: float = float("inf")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of apply or settle. *waived*: rules lifted by `--waive`, open until reviewed."""

    number: int
    plan: str | None
    kind: str
    started: datetime
    ended: datetime | None
    exit_code: int | None
    holder: str
    waived: tuple[Mapping[str, str], ...] = ()
    reviewed: Mapping[str, str] | None = None


Shelved = Literal["plan", "report", "copy", "signatures"]
NEWEST: Final = ("report", "signatures")
"""Of these, one takes the place of an older one; what else has a name is its digest."""


class LaneLocks(Protocol):
    """The locks of lanes: one runner a lane. All of a call's lanes are taken, or none."""

    def take(self, lanes: Sequence[str], holder: Mapping[str, Any]) -> None:
        """Lock every lane; `Locked` names whoever holds one already."""

    def check(self) -> None:
        """`ReconcilerError` if a lock that is held is no longer where others look for it."""

    def release(self) -> None:
        """Let go of every lane."""

    def holders(self) -> list[dict[str, Any]]:
        """Who holds which lane right now."""


class SharedState(Protocol):
    """What lies beside a journal that machines share, where it lies."""

    @property
    def handed(self) -> Handover:
        """The lanes that were handed over to workers."""

    def locks(self) -> LaneLocks:
        """Locks of lanes, none held yet."""

    def put(self, kind: Shelved, name: str, parts: Iterable[bytes]) -> None:
        """Keep what *parts* are together, durably. A report takes the place of an older one."""

    def get(self, kind: Shelved, name: str) -> bytes | None:
        """What is kept under *name*, None if nothing is."""

    def plan(self, digest: str) -> Iterator[bytes] | None:
        """The plan of that digest, in parts, None if it is not kept."""

    def chain(
        self,
        seal: Callable[[Mapping[str, Any], int, str], tuple[bytes, str]],
        journal: str,
        genesis: str,
        most: int = ALL,
    ) -> None:
        """Put the records of the journal that are in no log yet at the log's end, each once.

        The first *most* of those that there are.
        """

    def log(self) -> Iterator[bytes]:
        """The audit log, line by line."""


class Journal(Protocol):
    """What the executor asks of a journal. Every method raises `JournalFailed` when it cannot."""

    @property
    def shared(self) -> SharedState | None:
        """What machines share beside the journal; None where that lies in the project's folder."""

    @property
    def identity(self) -> str:
        """Which journal this is: random, made with it; another after it has lost records."""

    @property
    def newest_entry(self) -> int:
        """The number of the newest record that was ever made for the audit log.

        There is one of whatever becomes of a target: while the number stays, so do the targets.
        """

    @property
    def mark(self) -> tuple[int, int] | None:
        """Stays while nothing is written of any target, by anybody; None: nobody can tell."""

    @property
    def salt(self) -> bytes:
        """Made with the journal, and kept as long as it lives."""

    def now(self) -> datetime:
        """The time by which it goes: what its records are stamped with."""

    def traced(self, scope: str) -> datetime | None:
        """Since when this journal knows all that was sent to *scope*; None: it has no trace."""

    def scope_of(self, definition: str) -> str | None:
        """The scope last recorded for an account of this *definition*, None if none was."""

    def know(self, scopes: Mapping[str, str]) -> None:
        """Record the scope of each account definition: for those who read no credential."""

    def elsewhere(self, account: str, scope: str) -> int:
        """How many outcomes were recorded under the name *account* in another scope."""

    def watch(self, check: Callable[[], None]) -> None:
        """Call *check* before every write; what it raises keeps the write from being made."""

    def begin(
        self,
        plan: str | None,
        kind: str,
        holder: str,
        waived: Sequence[Mapping[str, str]],
        audit: Mapping[str, Any],
    ) -> int:
        """A new run; returns its number. Remembers when *plan* was first applied."""

    def end(self, run: int, exit_code: int, audit: Mapping[str, Any]) -> None:
        """The run is over; whoever said so first was right."""

    def trace(self, scopes: Sequence[str]) -> None:
        """From now on this journal knows all that is sent to *scopes*, or a person said so."""

    def take(self, lane: str, scopes: Sequence[str], run: int, window: float) -> Ledger:
        """Own *lane* from now on: raise its epoch, turn intents without result into doubt.

        *window*: how many seconds back the recent requests are wanted.
        """

    def commit(
        self,
        lane: str,
        epoch: int,
        run: int,
        *,
        results: Sequence[Result] = (),
        rulings: Sequence[Ruling] = (),
        intents: Sequence[Intent] = (),
        audit: Sequence[Mapping[str, Any]] = (),
        mild: bool = False,
    ) -> list[int]:
        """One durable transaction; returns the numbers of *intents*.

        *mild*: of whoever holds no lane: what is final or in doubt by now stays as it is.
        Raises `LaneLost` if *intents* were given under an old epoch, `StopOrdered` if a person has
        ended the run there; results are recorded anyway.
        """

    def order_stop(
        self,
        runs: Sequence[int],
        *,
        by: str,
        because: str,
        account: str | None = None,
        scope: str | None = None,
    ) -> None:
        """Take no further intent of *runs*, in *scope* (*account* is its label) or at all.

        *by* and *because* go into the audit log.
        """

    def stop_ordered(self, run: int, scope: str) -> str | None:
        """Who ended *run* in *scope*, and why, in a sentence; None if nobody did."""

    def holds(self, lane: str, epoch: int) -> bool:
        """Whether nobody has taken *lane* since *epoch*."""

    def pause(self, lane: str, until: datetime) -> None:
        """No request of *lane* before *until*, whoever owns it."""

    def states(self, targets: Iterable[Identity]) -> dict[Identity, State]:
        """The states of those targets that the journal knows."""

    def tally(self, plan: str, account: str, scope: str) -> dict[str, int] | None:
        """How many targets of *scope* have each outcome, if all that have one have it of *plan* (a
        digest) and under that name of an *account*; None if not.
        """

    def history(self, targets: Iterable[Identity]) -> dict[Identity, History]:
        """What was done about each target."""

    def targets_of(self, request: int) -> tuple[Identity, ...]:
        """The targets of request *request*."""

    def doubtful_requests(self) -> dict[int, tuple[Identity, ...]]:
        """The newest request of each target in doubt, by number."""

    def in_doubt(self) -> dict[Identity, State]:
        """Every target in doubt, of every plan and scope."""

    def deleted_since(self, scope: str, since: datetime) -> int:
        """How many targets of *scope* became `deleted` after *since*."""

    def first_applied(self, plan: str) -> datetime | None:
        """When *plan* was first applied, None if never."""

    def runs(self, plan: str | None = None) -> tuple[Run, ...]:
        """Runs, newest first."""

    def reopen(self) -> None:
        """Begin anew after a failure, for who has written nothing that could be in doubt."""

    def close(self) -> None:
        """Let go of it."""

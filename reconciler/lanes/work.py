"""The values that the parts of a running lane share."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

import msgspec

from reconciler.declare.project import Account
from reconciler.declare.proxy import Proxy
from reconciler.driver import Driver, Item
from reconciler.events import Event
from reconciler.lanes.journal import NOTHING, Journal, State
from reconciler.model import Campaign, Evidence, Held, Identity, Outcome, Target


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a target in this run. *evidence* None: nobody has seen it.

    *detail* is for people. *held* says what holds it back, where that is known. What the exit code
    depends on has fields of its own: *shut*, a window closed before it was reached; *excused*,
    that it was not deleted is nobody's failure.
    """

    outcome: Outcome
    detail: str | None = None
    evidence: Evidence | None = None
    shut: bool = False
    excused: bool = False
    held: Held | None = None


def drifted(held: Held, evidence: Evidence | None, more: str = "") -> Fate:
    """It is no longer what was planned: *held* says how, *more* what people may want to know."""
    said = f"{held}: {more}" if more else held.value
    return Fate(Outcome.DRIFTED, said, evidence, excused=held is Held.WITHDRAWN, held=held)


class LookReason(StrEnum):
    """Why a target is looked at before its request."""

    BEFORE = "before: look"
    UNLISTED = "unlisted"
    STATUS = "unknown status"
    RESUMED = "resumed"
    UNTRACED = "no trace in the journal"
    OLDER = "the inventory is older than the trace"
    SUSPECT = "it may have come back"
    EXCEPTION = "an exception may hold"
    COPY = "keepCopy"


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """An account whose credentials are read: what it is, and what it shares.

    *settings* hold the credentials' values. *scope*: whose campaigns these are; what the journal
    knows goes by it. *lane*: what shares a rate at the vendor; one run at a time works it.
    *proxy*: the account's, its credentials read too. *ca_file*: where its certificates are.
    """

    account: Account
    driver: Driver
    settings: Any
    scope: str
    lane: str
    proxy: Proxy | None = None
    ca_file: str | None = None

    @property
    def name(self) -> str:
        return self.account.name

    def identity(self, target: Target) -> Identity:
        """What *target*, named by this account, is."""
        return Identity(self.scope, target.id, target.part)


class Job(msgspec.Struct):
    """One target that the plan deletes.

    *planned* is the record it must still be (None: nothing was listed). *state* is the journal's
    word, kept up to date. *look* says why it is looked at before its request, if it is.
    *may_send* False: only a doubt about it is left to settle; *withheld* says why. *suspect*: it
    was deleted before, and may have come back: if a look shows it, it has.
    *copies*: what the vendor says of it is kept before its request.
    *facts* makes what goes into the audit log with its outcome. *place*: among those of its lane.
    """

    item: Item
    planned: Campaign | None
    asked: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    state: State = NOTHING
    look: LookReason | None = None
    may_send: bool = True
    withheld: Fate | None = None
    suspect: bool = False
    copies: Literal[True, "required"] | None = None
    facts: Callable[[], Mapping[str, Any]] = dict
    place: int = 0

    @property
    def target(self) -> Target:
        return self.item.target


class Jobs(Protocol):
    """The jobs of a lane: gone through again and again, each time anew, and none is held."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Job]: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """What a record that a look shows must pass.

    *broken* gets the record as it was seen: the guard that it breaks, or None.
    *excepted* gets what the look showed and the planned record, and whether what stays unknown
    counts: `KEPT`, `PROTECTED` or `UNKNOWN` if an exception holds, or may still hold.
    """

    broken: Callable[[Target, Campaign], Held | None]
    excepted: Callable[[Target, Campaign, Campaign | None, bool], Held | None] = (
        lambda _t, _s, _p, _u: None
    )


@dataclass(slots=True)
class RunContext:
    """What all lanes of one run share. Times: *wall* for records, the loop's clock for waits.

    *each_second*: called about once a second while the run goes on.
    """

    journal: Journal
    run: int
    plan: str | None
    wall: Callable[[], datetime]
    chance: Callable[[], float]  # uniform in [0, 1)
    emit: Callable[[Event], None]
    closed: Callable[[str], str | None]  # account -> why nothing may leave now (window), or None
    max_wait: float
    first_run: bool
    keep: Callable[[bytes], str] | None = None  # stores a copy durably; its digest
    drain: float = 4.0  # seconds that requests in flight are given after a signal
    log: Callable[[], None] = lambda: None  # puts what is committed into the audit log, durably
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    each_second: list[Callable[[], None]] = field(default_factory=list)

    async def nap(self, seconds: float, over: asyncio.Event | None = None) -> bool:
        """Sleep, unless the run is told to stop, or *over* is set; True if it slept to the end."""
        ends = [self.stop] if over is None else [self.stop, over]
        if seconds <= 0:
            return not any(one.is_set() for one in ends)
        waits = [asyncio.ensure_future(one.wait()) for one in ends]
        try:
            done, _ = await asyncio.wait(
                waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
        return not done


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Records of the account's inventory that are not in the plan. *campaigns*: all it lists."""

    items: tuple[Item, ...]
    campaigns: int

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(item.target.id for item in self.items)

    def without(self, ids: Collection[str]) -> "Witnesses":
        """Those that are not among *ids*."""
        kept = tuple(item for item in self.items if item.target.id not in ids)
        return Witnesses(kept, self.campaigns)

"""Looking: before a request where that is due, and after a doubt until it is settled.

A look says *gone* only with a witness: the same credentials and scope also show a record of the
account's inventory that is not in the plan. Without one, silence means nothing.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from reconciler.driver import Answer, Driver, Flow, Listing, Missing, Present, Sighting, Unclear
from reconciler.driver.looks import by_listing, can_look, pages
from reconciler.lanes import copies
from reconciler.lanes.halts import AccountStopped, Halt
from reconciler.lanes.lane import UNCONFIRMED, Lane
from reconciler.lanes.line import Line
from reconciler.lanes.work import Fate, Job, LookReason, Rules, Witnesses, drifted
from reconciler.model import Campaign, Held, Outcome, Target
from reconciler.plan.sameness import difference
from reconciler.plan.spool import paged

_WITNESSES = 3  # single looks spent on finding a witness
_AT_ONCE = 1_000  # targets of which all is known that a look has shown, before the next ones
# Asked of this one campaign: a listing may not show what these are about.
_EXACT = (LookReason.EXCEPTION, LookReason.COPY)
_LOOKS = 3  # looks that may fail before a doubt is left to a person
_LISTING_EVERY = 60.0  # seconds: one listing a minute is enough for any doubt


@dataclass(frozen=True, slots=True)
class Sights:
    """What one look showed. *unavailable*: this account may never look; *why* says so."""

    seen: Mapping[Target, Sighting]
    witnessed: bool
    unavailable: bool = False
    why: str | None = None


async def look_at(lane: Lane, jobs: Sequence[Job], witnesses: Witnesses) -> Sights:
    """Look once at every job's target."""
    return await _Look(lane, witnesses, len(jobs)).at(jobs)


@dataclass(slots=True)
class _Look:
    """A look at *count* targets, some at a time: one listing serves all, or each has its own."""

    lane: Lane
    witnesses: Witnesses
    count: int
    _begun: bool = False
    _done: int = 0
    _listing: "_Listed | None" = None

    async def at(self, jobs: Sequence[Job]) -> Sights:
        """What it shows of the next *jobs*."""
        line = self.lane.line
        if not self._begun:
            self._begun = True
            line.emit("look", detail=f"looking at {self.count} target{'s' * (self.count != 1)}")
            await line.login()
        if not by_listing(line.driver, self.count, self.witnesses.campaigns):
            return await self._one_by_one(jobs)
        # An exception asks for a field that a look at this one campaign shows.
        exact = [one for one in jobs if one.look in _EXACT and line.driver.look]
        rest = [one for one in jobs if one.look not in _EXACT or not line.driver.look]
        found = [await self._one_by_one(exact)] if exact else []
        if rest:
            if self._listing is None:
                taped = any(job.copies for job in rest)
                self._listing = await _listed(line, self.witnesses, taped=taped)
            found.append(self._listing.sights(self.lane, rest))
        return _both(found)

    async def _one_by_one(self, jobs: Sequence[Job]) -> Sights:
        before, self._done = self._done, self._done + len(jobs)
        return await _one_by_one(self.lane, jobs, self.witnesses, before, self.count)


def _both(found: Sequence[Sights]) -> Sights:
    """What looks of both kinds showed, as one."""
    return Sights(
        {target: sighting for one in found for target, sighting in one.seen.items()},
        any(one.witnessed for one in found),
        all(one.unavailable for one in found),
        next((one.why for one in found if one.why), None),
    )


@dataclass(slots=True)
class _Listed:
    """A listing of an account, by id; *silent*: what it is that one is not in it."""

    line: Line
    listing: Listing
    shown: Mapping[str, Campaign]
    silent: Sighting
    witnessed: bool
    tape: Sequence[Answer]
    _said: Mapping[str, list[copies.Said]] | None = None

    def sights(self, lane: Lane, jobs: Sequence[Job]) -> Sights:
        """What it shows of *jobs*; the copies that they want of it are kept."""
        shown = self.shown
        seen = {
            job.target: _told(self.line, Present(shown[job.target.id]))
            if job.target.id in shown
            else self.silent
            for job in jobs
        }
        if any(job.copies for job in jobs):
            if self._said is None:
                self._said = copies.records(self.line, self.tape, shown)
            copies.keep_listed(lane, jobs, shown, self._said)
        why = self.line.scrubbed(self.listing.why) if self.listing.why else None
        return Sights(seen, self.witnessed, self.listing.unavailable, why)


async def _listed(line: Line, witnesses: Witnesses, *, taped: bool) -> _Listed:
    assert line.driver.list is not None
    tape: list[Answer] = []
    flow = _counted(line, line.driver.list(line.session), pages(line.driver, witnesses.campaigns))
    listing: Listing = await line.read(flow, "list", tape if taped else None)
    shown = {campaign.id: campaign for campaign in listing.campaigns}
    silent = _silent(line, listing)
    witnessed = isinstance(silent, Missing) and not witnesses.ids.isdisjoint(shown)
    return _Listed(line, listing, shown, silent, witnessed, tape)


def _silent(line: Line, listing: Listing) -> Sighting:
    """What it means that a campaign is not in *listing*."""
    if listing.complete and line.driver.complete:
        return Missing("not in the account's listing")
    if listing.complete or listing.partial:
        why = listing.why or "not listed, and an account whose inventory is partial may have it"
        return Unclear(line.scrubbed(why), unseen=True)
    return Unclear(line.scrubbed(listing.why or "the listing is not complete"))


def _counted(line: Line, flow: Flow, pages: int) -> Flow:
    """*flow*, each of whose requests is told, as one of *pages* or more."""
    try:
        request = next(flow)
        done = 0
        while True:
            line.emit("look", done=done, total=max(pages, done + 1))
            answer = yield request
            done += 1
            request = flow.send(answer)
    except StopIteration as end:
        return end.value


async def _one_by_one(
    lane: Lane, jobs: Sequence[Job], witnesses: Witnesses, before: int, count: int
) -> Sights:
    """*before*: how many of *count* were looked at already."""
    line = lane.line
    assert line.driver.look is not None
    seen: dict[Target, Sighting] = {}
    for number, job in enumerate(jobs):
        line.emit("look", done=before + number, total=count)
        tape: list[Answer] = []
        sighting = await line.read(line.driver.look(line.session, job.item), "look", tape)
        seen[job.target] = _told(line, sighting)
        if job.copies and isinstance(sighting, Present):
            copies.keep(lane, job, sighting.campaign, tape)
    unclear = [one for one in seen.values() if isinstance(one, Unclear)]
    barred = bool(unclear) and len(unclear) == len(seen) and all(u.unavailable for u in unclear)
    silent = any(isinstance(one, Missing) and not one.sure for one in seen.values())
    witnessed = silent and await _witness(line, witnesses)
    return Sights(seen, witnessed, barred, unclear[0].detail if unclear else None)


def _told(line: Line, sighting: Sighting) -> Sighting:
    """*sighting*; what the vendor shows and says is gone needs no witness."""
    match sighting:
        case Present(campaign=shown) if line.driver.gone(line.session.settings, shown):
            return Missing("the vendor still shows it, and says that it is gone", sure=True)
    return sighting


async def _witness(line: Line, witnesses: Witnesses) -> bool:
    assert line.driver.look is not None
    for item in witnesses.items[:_WITNESSES]:
        if isinstance(await line.read(line.driver.look(line.session, item), "look"), Present):
            return True
    return False


# ---------------------------------------------------------------- what a look means


def fate_before(
    job: Job, sighting: Sighting, *, witnessed: bool, rules: Rules, by_name: bool
) -> Fate | None:
    """What a look before the request decides; None: nothing speaks against sending."""
    match sighting:
        case Present(settled=str(why)):
            return Fate(Outcome.REFUSED, why, "look")
        case Present(campaign=seen):
            if job.suspect:
                return drifted(Held.RESURRECTED, "look")
            drift = _drift(job, seen, rules, by_name=by_name)
            return _excepted(job, seen, rules) if drift is None else drift
        case Missing(sure=True, detail=detail):
            return Fate(Outcome.ALREADY_ABSENT, detail, "look")
        case Missing(detail=detail) if witnessed:
            return Fate(Outcome.ALREADY_ABSENT, detail, "look")
    if job.suspect:
        return drifted(Held.RESURRECTED, None, "no look can tell whether it came back")
    return None


def _excepted(job: Job, seen: Campaign, rules: Rules) -> Fate | None:
    """Whether an exception holds for what was *seen*, or may still hold."""
    due = job.look in (LookReason.EXCEPTION, LookReason.UNLISTED)
    held = rules.excepted(job.target, seen, job.planned, due)
    if held is None:
        return None
    return replace(drifted(held, "look"), excused=held is not Held.UNKNOWN)


def _drift(job: Job, seen: Campaign, rules: Rules, *, by_name: bool) -> Fate | None:
    if (other := _other(job, seen, by_name=by_name)) is not None:
        return other
    held = rules.broken(job.target, seen)
    return None if held is None else drifted(held, "look")


def _other(job: Job, seen: Campaign, *, by_name: bool) -> Fate | None:
    """If what was *seen* is not the record that was planned."""
    if job.planned is None:
        return None
    found = difference(job.planned, seen, by_name=by_name, parts=False)
    return None if found is None else drifted(Held(found.kind), "look", found.detail)


def fate_after(
    job: Job,
    sighting: Sighting,
    *,
    witnessed: bool,
    rules: Rules,
    by_name: bool,
    now: datetime,
    again: timedelta,
) -> tuple[Fate | None, dict[str, Any]]:
    """What a look after a doubt decides: a fate, and changes to the state.

    There, same record: seen twice *again* apart, it is no longer in doubt and may be sent once
    more, unless a guard speaks against it by now; a second doubt stays.
    """
    gone = job.state.sends > 0
    match sighting:
        case Present(settled=str(why)):
            return Fate(Outcome.REFUSED, why, "look"), {}
        case Present(campaign=seen):
            if (other := _other(job, seen, by_name=by_name)) is not None:
                return other, {}
            if job.state.doubts > 1:
                return None, {"seen_at": job.state.seen_at or now}
            if job.state.seen_at is None or job.state.seen_at > now:
                return None, {"seen_at": now}  # a time ahead of the clock says nothing
            if now - job.state.seen_at < again:
                return None, {}
            if (broken := rules.broken(job.target, seen)) is not None:
                return drifted(broken, "look"), {}
            return None, {"cleared": True, "outcome": None, "detail": "there after two looks"}
        case Missing(sure=sure, detail=detail) if sure or witnessed:
            return Fate(Outcome.DELETED if gone else Outcome.ALREADY_ABSENT, detail, "look"), {}
    return None, {}


# ---------------------------------------------------------------- phases of a lane


async def opening(
    lane: Lane,
    doubts: Sequence[Job],
    jobs: Iterable[Job],
    count: int,
    witnesses: Witnesses,
    rules: Rules,
) -> AsyncIterator[Job]:
    """The first look of a run: at targets in doubt, and at *count* *jobs* that must be seen first.

    One look serves both. Gives those of *jobs* that may be sent.
    """
    driver, context = lane.line.driver, lane.line.context
    if not can_look(driver):
        return
    wait = _until_look(doubts, driver, context.wall(), first=True) if doubts else 0.0
    if wait > context.max_wait:
        doubts, wait = (), 0.0
    if not (doubts or count) or not await _quiet(lane, wait):
        return
    look = _Look(lane, witnesses, len(doubts) + count)
    for some in paged(chain(doubts, jobs), _AT_ONCE):
        try:
            sights = await look.at(some)
        except AccountStopped as stop:
            lane.stop(str(stop), stop.halt)
            return
        lane.scope_proven = lane.scope_proven or sights.witnessed
        for job in some:
            if job.place in lane.doubts:
                _rule(lane, job, sights, rules, timedelta(seconds=driver.again))
            elif _may_go(lane, job, sights, rules):
                yield job
        lane.flush()


async def _quiet(lane: Lane, wait: float) -> bool:
    """Wait before a look after a doubt; False if the run was told to stop meanwhile."""
    if wait > 0:
        until = lane.line.context.wall() + timedelta(seconds=wait)
        lane.line.emit("wait", until=until, seconds=wait, detail="before looking after a doubt")
    return await lane.line.nap(wait)


def _may_go(lane: Lane, job: Job, sights: Sights, rules: Rules) -> bool:
    sighting = sights.seen[job.target]
    if isinstance(sighting, Unclear) and not _may_go_unseen(lane, job, sighting, sights):
        said = f"could not look first ({job.look}): {lane.line.scrubbed(sighting.detail)}"
        if lane.line.trouble is not None:
            said += f" ({lane.line.trouble})"
        lane.fates.put(job.place, Fate(Outcome.PENDING, said, held=Held.NOT_SEEN))
        return False
    by_name = lane.line.driver.by_name
    fate = fate_before(job, sighting, witnessed=sights.witnessed, rules=rules, by_name=by_name)
    if fate is None and job.copies is not None and not isinstance(sighting, Present):
        fate = _without_copy(lane, job)
        if fate is not None:
            lane.fates.put(job.place, fate)
            return False
    if fate is not None:
        lane.tell(job, fate)
    return fate is None


def _without_copy(lane: Lane, job: Job) -> Fate | None:
    """A copy was to be kept and cannot be had: told, and with `required` nothing is sent."""
    if job.copies == "required":
        said = "no copy of it could be had (keepCopy: required)"
        return Fate(Outcome.PENDING, said, held=Held.NO_COPY)
    lane.line.emit("look", detail=f"no copy of {job.target} could be had; it is deleted without")
    return None


def _may_go_unseen(lane: Lane, job: Job, sighting: Unclear, sights: Sights) -> bool:
    """An account that may never look goes by the journal, as a driver that cannot look does.

    Without a journal it needs --first-run. Where a look is a guard, nothing takes its place.
    """
    if sighting.unseen:
        return not job.suspect
    if not (sights.unavailable or sighting.unavailable):
        return False
    if job.look is LookReason.UNTRACED:
        return lane.line.context.first_run
    return job.look in (LookReason.RESUMED, LookReason.OLDER)


async def confirm(lane: Lane, witnesses: Witnesses) -> None:
    """Ask a look about the targets that the vendor said it does not know."""
    jobs, lane.unconfirmed = lane.unconfirmed, []
    if not jobs:
        return
    driver, context = lane.line.driver, lane.line.context
    if not can_look(driver) or context.stop.is_set():
        halt = Halt.INTERRUPTED if context.stop.is_set() else Halt.NO_LOOK
        lane.stop(f"{len(jobs)} targets unknown to the vendor, and no way to look", halt)
        return
    try:
        sights = await look_at(lane, jobs, witnesses)
    except AccountStopped as stop:
        lane.stop(str(stop), stop.halt)
        return
    for job in jobs:
        fate = _confirmed(job, sights)
        if fate is not None:
            lane.tell(job, fate)
    lane.scope_proven = lane.scope_proven or sights.witnessed or _shows(sights)
    if not lane.scope_proven:
        lane.stop(
            f"{len(jobs)} targets unknown to the vendor ({UNCONFIRMED}), and no look shows a "
            "record that must be there: is this the right project, key and version?",
            Halt.UNKNOWN_THERE,
        )
    lane.flush()


def _shows(sights: Sights) -> bool:
    return any(isinstance(one, Present) for one in sights.seen.values())


def _confirmed(job: Job, sights: Sights) -> Fate | None:
    doubtful = job.state.doubts > 0
    match sights.seen[job.target]:
        case Present(settled=str(why)):
            return Fate(Outcome.REFUSED, why, "look")
        case Present() if not doubtful:
            said = "the vendor says not found, and lists it"
            return Fate(Outcome.REFUSED, said, "look", held=Held.LISTED)
        case Missing(sure=sure, detail=detail) if sure or sights.witnessed:
            outcome = Outcome.DELETED if doubtful else Outcome.ALREADY_ABSENT
            return Fate(outcome, detail, "look")
    return None


async def settle(lane: Lane, jobs: Sequence[Job], witnesses: Witnesses, rules: Rules) -> list[Job]:
    """Look at targets in doubt until each is settled, cleared to be sent again, or must stay.

    Returns the cleared ones. Waits out the quiet period, and a minute between two looks.
    """
    driver, context = lane.line.driver, lane.line.context
    open_ = [job for job in jobs if _may_progress(job)]
    cleared: list[Job] = []
    looks = failed = 0
    if not can_look(driver):
        return cleared
    while open_ and not context.stop.is_set():
        wait = _until_look(open_, driver, context.wall(), first=looks == 0)
        if wait > context.max_wait:
            break
        if not await _quiet(lane, wait):
            break
        try:
            sights = await look_at(lane, open_, witnesses)
        except AccountStopped as stop:
            lane.stop(str(stop), stop.halt)
            break
        looks += 1
        before_ = [(job.state.outcome, job.state.seen_at, job.state.cleared) for job in open_]
        for job in open_:
            _rule(lane, job, sights, rules, timedelta(seconds=driver.again))
        lane.flush()
        cleared += [job for job in open_ if job.state.cleared]
        after = [(job.state.outcome, job.state.seen_at, job.state.cleared) for job in open_]
        failed = failed + 1 if before_ == after else 0
        if sights.unavailable or failed >= _LOOKS:
            break
        open_ = [job for job in open_ if _may_progress(job)]
        if all(_shown_in_vain(job, sights) for job in open_):
            break
    return cleared


def _shown_in_vain(job: Job, sights: Sights) -> bool:
    """Silence without a witness: looking again tells nothing new."""
    return isinstance(sights.seen.get(job.target), Missing) and not sights.witnessed


def _may_progress(job: Job) -> bool:
    state = job.state
    if state.outcome is not Outcome.IN_DOUBT:
        return False
    return not (state.doubts > 1 and state.seen_at is not None)


def _rule(lane: Lane, job: Job, sights: Sights, rules: Rules, again: timedelta) -> None:
    fate, changes = fate_after(
        job,
        sights.seen[job.target],
        witnessed=sights.witnessed,
        rules=rules,
        by_name=lane.line.driver.by_name,
        now=lane.line.context.wall(),
        again=again,
    )
    if fate is not None:
        lane.tell(job, fate)
    elif changes:
        lane.note(job, **changes)


def _until_look(jobs: Sequence[Job], driver: Driver, now: datetime, *, first: bool) -> float:
    """Seconds until a look makes sense for all *jobs*: quiet first, then a minute between."""
    waits = [0.0 if first else min(_LISTING_EVERY, driver.again)]
    for job in jobs:
        # A time ahead of the clock counts as now: no clock makes a wait longer.
        if job.state.last_byte_at is not None:
            quiet = min(job.state.last_byte_at, now) + timedelta(seconds=driver.quiet)
            waits.append((quiet - now).total_seconds())
        if job.state.seen_at is not None:
            twice = min(job.state.seen_at, now) + timedelta(seconds=driver.again)
            waits.append((twice - now).total_seconds())
    return max(waits)

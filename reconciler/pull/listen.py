"""What a pull asks of the vendors: every account listed, under its lane's lock, as one run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from reconciler.declare.project import Account, ProjectFile
from reconciler.driver import Driver
from reconciler.errors import Exit
from reconciler.events import told
from reconciler.lanes.accounts import open_accounts
from reconciler.lanes.journal import Journal, LaneLocks
from reconciler.lanes.run import by_lane, gates_of, take
from reconciler.lanes.running import Execution
from reconciler.lanes.session import open_session
from reconciler.lanes.state import holder, locks, started
from reconciler.lanes.stop import Stop
from reconciler.lanes.work import OpenAccount
from reconciler.pull.listing import Heard, ListWork, list_all
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class Listings:
    """What was heard of each account in the run *run*, which its caller ends.

    *stopped*: the exit code of what interrupted it, None if nothing did.
    """

    heard: Mapping[str, Heard]
    run: int
    stopped: Exit | None


def listen(
    site: Site,
    project: ProjectFile,
    pairs: Sequence[tuple[Account, Driver]],
    opened: Journal,
    *,
    stop: Stop,
    max_wait: float,
) -> Listings:
    """List every account of *pairs*. *max_wait*: seconds of the longest wait when throttled.

    `InputError` if a credential is missing, `Locked` if another run holds a lane: nothing was sent.
    """
    accounts = open_accounts(site, pairs, opened)
    works = [_work(one) for one in accounts]
    names = [account.name for account, _ in pairs]
    who = {**holder(), "plan": "inventory pull", "accounts": names}
    # The listener first: what it opens may wait for its reader.
    with told(site.listener, ()), _locked(site, project, opened, accounts, who) as lanes:
        run = opened.begin(None, "pull", json.dumps(who), [], started())
        ledgers = take(accounts, opened, run)
        execution = Execution(site, opened, run, stop=stop, max_wait=max_wait)
        context = execution.context
        heard = execution.complete(
            list_all(
                works,
                context,
                lambda: gates_of([one.open for one in works], context, ledgers),
                free=lambda lane: lanes[lane].release(),
            )
        )
        return Listings(heard, run, stop.exit)


def _work(opened: OpenAccount) -> ListWork:
    session, secrets = open_session(opened)
    return ListWork(opened, session, secrets)


@contextmanager
def _locked(
    site: Site,
    project: ProjectFile,
    opened: Journal,
    accounts: Sequence[OpenAccount],
    who: Mapping[str, Any],
) -> Iterator[dict[str, LaneLocks]]:
    """A lock a lane, so that each lane is free again as soon as it is listed."""
    lanes = {lane: locks(site, project, opened) for lane in by_lane(accounts)}
    try:
        for lane, lock in lanes.items():
            lock.take([lane], who)
        yield lanes
    finally:
        for lock in lanes.values():
            lock.release()

"""`stop`: a person ends runs that are under way, on this machine or another."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler import safe
from reconciler.declare.project import ProjectFile
from reconciler.lanes.accounts import pairs_of, scopes_now
from reconciler.lanes.journal import Journal, LaneLocks, Run
from reconciler.lanes.state import journal, journal_read, locks, person
from reconciler.site import Site

_TRIES = 25  # 40 ms apart: a run that has just taken its lanes says in a moment which it is
Holder = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoppedRun:
    """A run that was told to stop. *accounts*: where it asks nothing more."""

    number: int
    kind: str
    plan: str | None
    accounts: tuple[str, ...]
    holder: Holder


def stop(
    site: Site, project: ProjectFile, *, plan: str | None, account: str | None, because: str
) -> tuple[StoppedRun, ...]:
    """End what is under way: all of it, or the runs of *plan* (its digest), or at *account*.

    None of the runs that begin later is touched.
    """
    scope = None
    with journal_read(site, project) as opened:  # a project that never ran is left as it is
        found = _under_way(opened, locks(site, project, opened), plan, account)
        if account is not None:
            pairs = [one for one in pairs_of(site, project) if one[0].name == account]
            scope = scopes_now(site, pairs, opened, reveal=False)[account]
    if found and account is not None and scope is None:
        site.note(
            safe.terminal(
                f"only the key of {account} says whose campaigns these are, and no run has told it "
                "here yet: whoever works it is stopped at every account"
            )
        )
        found = [replace(one, accounts=_accounts(one.holder) or (account,)) for one in found]
        account = None
    if found:
        numbers = [one.number for one in found]
        with journal(site, project) as written:
            written.order_stop(numbers, by=person(), because=because, account=account, scope=scope)
    return tuple(found)


def _under_way(
    opened: Journal, held: LaneLocks, plan: str | None, account: str | None
) -> list[StoppedRun]:
    for _ in range(_TRIES):
        every = [*held.holders(), *_handed(opened)]
        holders = [one for one in every if account is None or account in _accounts(one)]
        runs = [(one, json.loads(one.holder)) for one in opened.runs() if one.ended is None]
        pairs = [(one, _of(one, runs)) for one in holders]
        if all(run is not None for _, run in pairs):
            break
        time.sleep(0.04)
    found = {
        run.number: StoppedRun(
            run.number,
            run.kind,
            run.plan,
            _accounts(holder) if account is None else (account,),
            holder if "pid" in holder else json.loads(run.holder),
        )
        for holder, run in pairs
        if run is not None and plan in (None, run.plan)
    }
    return [found[number] for number in sorted(found)]


def _handed(opened: Journal) -> list[Holder]:
    """Lanes that wait for a worker, as if they were held."""
    if opened.shared is None:
        return []
    return [
        {"run": one.run, "accounts": list(one.accounts), **(one.owner or {})}
        for one in opened.shared.handed.lanes()
    ]


def _of(holder: Holder, runs: Sequence[tuple[Run, Holder]]) -> Run | None:
    """The run of whoever holds a lane; None if it has not begun one."""
    if "run" in holder:  # a worker's: somebody else began it
        return next((run for run, _ in runs if run.number == holder["run"]), None)
    return next((run for run, its in runs if its.get("id") == holder.get("id")), None)


def _accounts(holder: Holder) -> tuple[str, ...]:
    return tuple(map(str, holder.get("accounts", ())))

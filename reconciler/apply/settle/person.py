"""`settle --as`: what a person found out of targets in doubt, recorded with who and how."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from reconciler.apply.settle.log import (
    Plans,
    digests_of,
    end_record,
    facts,
    plans_of,
    start_records,
)
from reconciler.declare.project import ProjectFile
from reconciler.errors import Exit
from reconciler.lanes.accounts import pairs_of
from reconciler.lanes.journal import State
from reconciler.lanes.known import Known
from reconciler.lanes.state import holder, locks, person, started
from reconciler.model import Outcome, Target
from reconciler.plan.scopes import limit
from reconciler.site import Site

Found = Literal["deleted", "not-deleted"]


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person *found*, and how they know. *by*: who that was, as the system calls them."""

    found: Found
    because: str
    by: str = field(default_factory=person)

    def changes(self, now: datetime) -> dict[str, Any]:
        """What a target is by it."""
        known = {"detail": self.because, "evidence": "person", "at": now}
        known |= {"seen_at": None, "cleared": False}
        if self.found == "deleted":
            return {**known, "outcome": Outcome.DELETED}
        return {**known, "outcome": None, "doubts": 0}

    def records(
        self, project: ProjectFile, known: Known, states: Mapping[Target, State], plans: Plans
    ) -> list[dict[str, Any]]:
        """What the audit log says of it, in the share of each plan."""
        digests = digests_of(states)
        mine = {
            one: [str(t) for t, state in states.items() if (state.plan or "") == one]
            for one in digests
        }
        said = {"found": self.found, "by": self.by, "because": self.because}
        findings = [
            {"type": "finding", "plan": one, "targets": mine[one], **said} for one in digests
        ]
        ends = [end_record(one, {self.found: len(mine[one])}, Exit.OK) for one in digests if one]
        targets = [
            self._target(target, known, state, plans)
            for target, state in states.items()
            if self.found == "deleted"
        ]
        return [*start_records(project, digests), *findings, *targets, *ends]

    def _target(self, target: Target, known: Known, state: State, plans: Plans) -> dict[str, Any]:
        return {
            "type": "target",
            "plan": state.plan or "",
            "target": str(target),
            "account": target.account,
            "scope": known.identity(target).scope,
            "id": target.id,
            "part": target.part,
            "outcome": Outcome.DELETED.value,
            "detail": self.because,
            "evidence": "person",
            "copy": state.copy,
            **facts(target, plans.get(target)),
        }


def record_finding(
    site: Site,
    project: ProjectFile,
    known: Known,
    chosen: Mapping[Target, State],
    statement: Statement,
) -> None:
    """Record *statement* of all that are still in doubt among *chosen*."""
    if not chosen:
        return
    journal = known.journal
    lanes = _lanes(site, project, chosen, known)
    names = sorted({target.account for target in chosen})
    held = locks(site, project, journal)
    who = {**holder(), "plan": "settle", "accounts": names}
    held.take(sorted(lanes), who)
    journal.watch(held.check)
    try:
        run = journal.begin(None, "settle", json.dumps(who), [], started())
        for lane, scopes in lanes.items():
            journal.take(lane, sorted(scopes), run, 0.0)
        # What another run has settled meanwhile stays settled.
        states = {
            target: state
            for target, state in known.states(chosen).items()
            if state.outcome is Outcome.IN_DOUBT
        }
        plans, changes = plans_of(site, journal, states), statement.changes(journal.now())
        rulings = [
            known.ruling(target, {**changes, "inventory": plans[target].inventory})
            if target in plans
            else known.ruling(target, changes)
            for target in states
        ]
        records = statement.records(project, known, states, plans)
        journal.commit("", 0, run, rulings=rulings, audit=records)
        journal.end(run, Exit.OK, {"summary": {statement.found: len(states)}})
    finally:
        held.release()


def _lanes(
    site: Site, project: ProjectFile, chosen: Mapping[Target, State], known: Known
) -> dict[str, set[str]]:
    """The lanes in which *chosen* are worked, each with their scopes there."""
    pairs = {account.name: (account, driver) for account, driver in pairs_of(site, project)}
    lanes: dict[str, set[str]] = {}
    for target in chosen:
        scope = lane = known.identity(target).scope
        if known.elsewhere(target) is None:
            lane = limit(*pairs[target.account], scope)
        lanes.setdefault(lane, set()).add(scope)
    return lanes

"""`settle --as`: what a person found out of targets in doubt, recorded with who and how."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reconciler.cli._settle_log import (
    Planned,
    begun_records,
    ended_record,
    facts,
    names,
    pairs_of,
    records_of,
)
from reconciler.cli.app import App
from reconciler.declare.project import Project
from reconciler.errors import Exit
from reconciler.model import Outcome, Target
from reconciler.plan.scopes import limit

if TYPE_CHECKING:
    from reconciler.lanes.journal import State
    from reconciler.lanes.known import Known


def record_finding(
    app: App,
    project: Project,
    known: "Known",
    chosen: "Mapping[Target, State]",
    found: str,
    because: str,
) -> None:
    """Record *found* (deleted or not-deleted) of all that are still in doubt among *chosen*."""
    from reconciler.lanes.locks import Locks
    from reconciler.lanes.state import holder, locks_folder, person, started

    if not chosen:
        return
    by, opened = person(), known.journal
    lanes = _lanes(app, project, chosen, known)
    locks = Locks(locks_folder(app, project))
    locks.take(sorted(lanes), {**holder(), "plan": "settle", "accounts": names(chosen)})
    opened.watch(locks.check)
    try:
        run = opened.begin(None, "settle", json.dumps(holder()), [], started())
        for lane, scopes in lanes.items():
            opened.take(lane, sorted(scopes), run, 0.0)
        states = known.states(chosen)  # what another run has settled meanwhile stays settled
        chosen = {t: one for t, one in states.items() if one.outcome is Outcome.IN_DOUBT}
        records = records_of(app, chosen)
        plans = sorted({state.plan or "" for state in chosen.values()})
        now = app.now()
        changes: dict[str, Any] = {
            "detail": because,
            "evidence": "person",
            "at": now,
            "seen_at": None,
            "cleared": False,
        }
        if found == "deleted":
            changes["outcome"] = Outcome.DELETED
        else:
            changes |= {"outcome": None, "doubts": 0}
        findings = [
            {
                "type": "finding",
                "plan": plan,
                "targets": [str(t) for t, state in chosen.items() if (state.plan or "") == plan],
                "found": found,
                "by": by,
                "because": because,
            }
            for plan in plans
        ]
        told = [
            _target_record(target, known.identity(target).scope, state, records, because)
            for target, state in chosen.items()
            if found == "deleted"
        ]
        rulings = [
            known.ruling(target, {**changes, "inventory": one.inventory})
            if (one := records.get(target)) is not None
            else known.ruling(target, changes)
            for target in chosen
        ]
        begun = begun_records(project, plans)
        over = [
            ended_record(
                plan, {found: sum((one.plan or "") == plan for one in chosen.values())}, Exit.OK
            )
            for plan in plans
            if plan
        ]
        opened.commit("", 0, run, rulings=rulings, audit=[*begun, *findings, *told, *over])
        opened.end(run, Exit.OK, {"summary": {found: len(chosen)}})
    finally:
        locks.release()


def _lanes(
    app: App, project: Project, chosen: "Mapping[Target, State]", known: "Known"
) -> dict[str, set[str]]:
    """The lanes in which *chosen* are worked, each with their scopes there."""
    pairs = {account.name: (account, driver) for account, driver in pairs_of(app, project)}
    lanes: dict[str, set[str]] = {}
    for target in chosen:
        scope, lane = known.identity(target).scope, known.identity(target).scope
        if known.elsewhere(target) is None:
            lane = limit(*pairs[target.account], scope)
        lanes.setdefault(lane, set()).add(scope)
    return lanes


def _target_record(
    target: Target,
    scope: str,
    state: "State",
    records: Mapping[Target, Planned],
    because: str,
) -> dict[str, Any]:
    """A target that a person found deleted."""
    return {
        "type": "target",
        "plan": state.plan or "",
        "target": str(target),
        "account": target.account,
        "scope": scope,
        "id": target.id,
        "part": target.part,
        "outcome": Outcome.DELETED.value,
        "detail": because,
        "evidence": "person",
        **facts(target, records.get(target)),
    }

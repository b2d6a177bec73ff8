"""`settle --as`: what a person found out of targets in doubt, recorded with who and how."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reconciler.cli._settle_log import (
    Planned,
    accounts_of,
    begun_records,
    ended_record,
    facts,
    names,
    records_of,
)
from reconciler.cli.app import App
from reconciler.errors import Exit
from reconciler.model import Outcome, Project, Target

if TYPE_CHECKING:
    from reconciler.lanes.journal import State
    from reconciler.lanes.journal.sqlite import SqliteJournal


def record_finding(
    app: App,
    project: Project,
    opened: "SqliteJournal",
    chosen: "Mapping[Target, State]",
    found: str,
    because: str,
) -> None:
    """Record *found* (deleted or not-deleted) of all that are still in doubt among *chosen*."""
    from reconciler.cli import _run
    from reconciler.lanes.journal import Ruling
    from reconciler.lanes.locks import Locks
    from reconciler.lanes.run import take
    from reconciler.lanes.state import holder, locks_folder, person, started

    if not chosen:
        return
    by = person()
    pairs = accounts_of(project, chosen)
    locks = Locks(locks_folder(app, project))
    locks.take(_run.lanes_of(pairs), {**holder(), "plan": "settle", "accounts": names(chosen)})
    try:
        run = opened.begin(None, "settle", json.dumps(holder()), [], started())
        take(pairs, opened, run)
        states = opened.states(chosen)  # what another run has settled meanwhile stays settled
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
            _target_record(target, state, records.get(target), because)
            for target, state in chosen.items()
            if found == "deleted"
        ]
        rulings = [
            Ruling(target, {**changes, "digests": one.digests, "inventory": one.inventory})
            if (one := records.get(target)) is not None
            else Ruling(target, changes)
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


def _target_record(
    target: Target, state: "State", planned: Planned | None, because: str
) -> dict[str, Any]:
    """A target that a person found deleted."""
    return {
        "type": "target",
        "plan": state.plan or "",
        "target": str(target),
        "account": target.account,
        "id": target.id,
        "part": target.part,
        "outcome": Outcome.DELETED.value,
        "detail": because,
        "evidence": "person",
        **facts(target, planned),
    }

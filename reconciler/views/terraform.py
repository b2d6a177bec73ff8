"""Plan in the shape of Terraform's plan JSON, so that policies written for that read ours."""

import json
from collections.abc import Iterator
from datetime import datetime

from reconciler.model import Action, ManifestDocument, PlanDocument, stamp
from reconciler.safe import printable_json
from reconciler.views import words
from reconciler.views.askers import Askers
from reconciler.views.frame import Frame

_ACTIONS = {"delete": ["delete"], "refuse": ["no-op"]}


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """A deletion is a resource change with the actions `["delete"]`, a refusal one with `["no-op"]`
    and the reason in `action_reason`; what is untouched is no change.

    `applyable`: there is something to delete, and no guard forbids it. `errored`: one does.
    """
    known = Askers(plan.inputs.manifests)
    mask = words.plan_masker(plan)
    head = {
        "format_version": "1.2",
        "terraform_version": "0.0.0",
        "planned_values": {"root_module": {}},
        "applyable": bool(plan.applicable and plan.summary.delete),
        "complete": True,
        "errored": not plan.applicable,
        "timestamp": plan.metadata.created_at,
        "reconciler": {
            "tool": plan.metadata.tool,
            "plan": frame.digest,
            "violations": [
                {"guard": one.guard, "account": one.account, "message": mask(one.message)}
                for one in plan.violations
            ],
        },
    }
    yield f'{_dumps(head)[:-1]},\n "resource_changes": ['
    between = "\n  "
    for action in plan.actions:
        if action.action in _ACTIONS:
            document = known.document(action.sources[0]) if action.sources else None
            yield between + _dumps(_change(action, document, mask))
            between = ",\n  "
    yield "\n ]}\n"


def _dumps(value: object) -> str:
    return printable_json(json.dumps(value))


def _change(
    action: Action, document: ManifestDocument | None, mask: words.Mask
) -> dict[str, object]:
    campaign = action.campaign
    before = {
        "account": action.account,
        "id": action.id,
        "name": action.name,
        "status": words.status(campaign) or None,
        "channel": campaign.channel if campaign else None,
        "created_at": _time(campaign.created_at if campaign else None),
        "updated_at": _time(campaign.updated_at if campaign else None),
        "labels": campaign.labels if campaign else None,
        "parts": list(words.parts(action)) or None,
        "reason": str(action.reason),
        "message": mask(action.message) if action.message else None,
        "asked_by": [words.place(one) for one in action.sources],
        "manifest": document.name if document else None,
        "owner": document.owner if document else None,
        "ticket": document.ticket if document else None,
        "why": document.reason if document else None,
    }
    deletes = action.action == "delete"
    change: dict[str, object] = {
        "address": f"campaign.{action.account}[{json.dumps(action.id)}]",
        "mode": "managed",
        "type": "campaign",
        "name": action.account,
        "index": action.id,
        "provider_name": f"reconciler/{action.driver}",
        "change": {
            "actions": _ACTIONS[action.action],
            "before": before,
            "after": None if deletes else before,
        },
    }
    return change if deletes else {**change, "action_reason": f"refused: {action.reason}"}


def _time(moment: datetime | None) -> str | None:
    return stamp(moment) if moment is not None else None

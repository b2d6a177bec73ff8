"""Plan in the shape of Terraform's plan JSON, so that policies written for that read ours."""

import json

from reconciler.model import Action, Plan
from reconciler.views import words


def plan(plan: Plan, *, digest: str) -> str:
    """Every deletion is a resource change with the actions `["delete"]`."""
    changes = [_change(action) for action in plan.actions if action.action == "delete"]
    document = {
        "format_version": "1.2",
        "terraform_version": "0.0.0",
        "resource_changes": changes,
        "errored": not plan.applicable,
        "timestamp": plan.metadata.created_at,
        "reconciler": {"tool": plan.metadata.tool, "plan": digest},
    }
    return json.dumps(document, indent=1).replace("##", "#\\u0023") + "\n"


def _change(action: Action) -> dict[str, object]:
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
    }
    return {
        "address": f"campaign.{action.account}[{json.dumps(action.id)}]",
        "mode": "managed",
        "type": "campaign",
        "name": action.account,
        "index": action.id,
        "provider_name": f"reconciler/{action.driver}",
        "change": {"actions": ["delete"], "before": before, "after": None},
    }


def _time(moment: object) -> str | None:
    return moment.isoformat() if hasattr(moment, "isoformat") else None

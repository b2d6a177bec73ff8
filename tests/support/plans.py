"""One plan for all tests that need one and do not plan: whole, consistent, of any actions."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from reconciler.model import (
    API_VERSION,
    Action,
    ApprovalsNeeded,
    Campaign,
    Cost,
    Counts,
    Estimate,
    InputFile,
    Inputs,
    InventoryFile,
    ManifestFile,
    PlanAccount,
    PlanDocument,
    PlanMetadata,
    PlanWarning,
    Reason,
    Source,
    Summary,
    Violation,
)
from reconciler.plan import planfile

INSTEAD = "stops sending; the message stays, shown as canceled"
_ORDER = {"delete": 0, "refuse": 1, "none": 2}


def action(kind: str, reason: Reason, record: Campaign, **rest: Any) -> Action:
    """The action on a campaign of the inventory; *rest* replaces what stands here."""
    known = {
        "account": record.account,
        "driver": "kore",
        "id": record.id,
        "name": record.name,
        "parts": None,
        "message": None,
        "sources": (Source(manifest="retire", path="manifests/retire.yaml", line=3),),
        "waivers": (),
        "campaign": record,
    }
    return Action(action=kind, reason=reason, **{**known, **rest})  # type: ignore[arg-type]


def plan_of(
    actions: Sequence[Action],
    *,
    accounts: Mapping[str, str],
    violations: tuple[Violation, ...] = (),
    warnings: tuple[PlanWarning, ...] = (),
    required: int = 0,
    because: str | None = None,
    manifests: tuple[ManifestFile, ...] = (),
    project_sha256: str = "aa" * 32,
    **metadata: Any,
) -> PlanDocument:
    """A plan of *actions* in the *accounts* (name -> driver); counts and order are made here."""
    ordered = sorted(
        actions, key=lambda a: (_ORDER[a.action], a.account, a.id is not None, a.id or "")
    )
    counts = {
        name: planfile.count(tuple(one for one in ordered if one.account == name))
        for name in accounts
    }
    costs = {name: Cost(requests=c.targets, seconds=c.targets) for name, c in counts.items()}
    return PlanDocument(
        api_version=API_VERSION,
        kind="Plan",
        metadata=structs.replace(_METADATA, **metadata),
        inputs=Inputs(
            project=InputFile(path="reconciler.yaml", sha256=project_sha256),
            manifests=manifests,
            inventory=(InventoryFile(path="inventory.ndjson", sha256="cc" * 32, campaigns=200),),
        ),
        accounts={name: _account(name, driver) for name, driver in accounts.items()},
        applicable=not violations,
        violations=violations,
        approvals=ApprovalsNeeded(required=required, because=because),
        warnings=warnings,
        summary=_summary(counts),
        estimate=Estimate(
            requests=sum(c.requests for c in costs.values()),
            seconds=max((c.seconds for c in costs.values()), default=0),
            accounts=costs,
        ),
        actions=tuple(ordered),
    )


_METADATA = PlanMetadata(
    project="acme-messaging",
    created_at="2026-11-20T09:00:00Z",
    expires_at="2026-11-27T09:00:00Z",
    tool="reconciler 0.1.0",
    author="a@acme.example",
    commit="0123456789abcdef0123456789abcdef01234567",
)


def _account(name: str, driver: str) -> PlanAccount:
    return PlanAccount(
        driver=driver,
        definition="sha256:" + "dd" * 32,
        captured_at="2026-11-20T08:00:00Z" if name != "dialer" else None,
        complete=driver not in ("ozonetel", "cellcast"),
        campaigns=40,
        instead=INSTEAD if driver == "cellcast" else None,
    )


def _summary(counts: dict[str, Counts]) -> Summary:
    total = [sum(getattr(c, f) for c in counts.values()) for f in Counts.__struct_fields__]
    return Summary(
        delete=total[0], refuse=total[1], none=total[2], targets=total[3], accounts=counts
    )

"""reconciler: declarative deletion of messaging campaigns.

The library: `open_project`, `read_plan`, `verify`, and the classes that they give and raise. They
are loaded when they are first asked for, so that `import reconciler` itself loads nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.approve import Approval
    from reconciler.api.compared import PlanComparison
    from reconciler.api.doctor import Health
    from reconciler.api.evidence import Evidence
    from reconciler.api.generate import Generated
    from reconciler.api.plan import Plan, read_plan
    from reconciler.api.project import Project, open_project
    from reconciler.api.report import Report, Unfinished
    from reconciler.api.validate import Validation
    from reconciler.api.verify import verify
    from reconciler.apply.dry_run import DryRun
    from reconciler.apply.settle.status import Standing
    from reconciler.apply.settle.steps import Settlement
    from reconciler.apply.stopping import StoppedRun
    from reconciler.errors import (
        Diagnostic,
        Exit,
        InputError,
        Locked,
        NotAllowed,
        NotVerified,
        ReconcilerError,
        Stale,
        UnknownName,
        Usage,
    )
    from reconciler.events import Event, Listener
    from reconciler.lanes.stop import Stop
    from reconciler.model import Target
    from reconciler.plan.explain import Explanation
    from reconciler.prove.proofs import Proven, Verified
    from reconciler.pull.results import InventoryPull

__version__ = "0.2.0"

_HOMES = {
    "Approval": "api.approve",
    "Diagnostic": "errors",
    "DryRun": "apply.dry_run",
    "Event": "events",
    "Evidence": "api.evidence",
    "Exit": "errors",
    "Explanation": "plan.explain",
    "Generated": "api.generate",
    "Health": "api.doctor",
    "InputError": "errors",
    "InventoryPull": "pull.results",
    "Listener": "events",
    "Locked": "errors",
    "NotAllowed": "errors",
    "NotVerified": "errors",
    "Plan": "api.plan",
    "PlanComparison": "api.compared",
    "Project": "api.project",
    "Proven": "prove.proofs",
    "ReconcilerError": "errors",
    "Report": "api.report",
    "Settlement": "apply.settle.steps",
    "Stale": "errors",
    "Standing": "apply.settle.status",
    "Stop": "lanes.stop",
    "StoppedRun": "apply.stopping",
    "Target": "model",
    "Unfinished": "api.report",
    "UnknownName": "errors",
    "Usage": "errors",
    "Validation": "api.validate",
    "Verified": "prove.proofs",
    "open_project": "api.project",
    "read_plan": "api.plan",
    "verify": "api.verify",
}

__all__ = [
    "Approval",
    "Diagnostic",
    "DryRun",
    "Event",
    "Evidence",
    "Exit",
    "Explanation",
    "Generated",
    "Health",
    "InputError",
    "InventoryPull",
    "Listener",
    "Locked",
    "NotAllowed",
    "NotVerified",
    "Plan",
    "PlanComparison",
    "Project",
    "Proven",
    "ReconcilerError",
    "Report",
    "Settlement",
    "Stale",
    "Standing",
    "Stop",
    "StoppedRun",
    "Target",
    "Unfinished",
    "UnknownName",
    "Usage",
    "Validation",
    "Verified",
    "__version__",
    "open_project",
    "read_plan",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

"""reconciler: declarative deletion of messaging campaigns.

The library: `open_project`, `read_plan`, `verify`, and the classes that they give and raise. They
are loaded when they are first asked for, so that `import reconciler` itself loads nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.approve import Approval
    from reconciler.api.evidence import Evidence
    from reconciler.api.plan import Plan, read_plan
    from reconciler.api.project import Project, open_project
    from reconciler.api.pull import InventoryPull
    from reconciler.api.validate import Validation
    from reconciler.api.verify import verify
    from reconciler.errors import (
        Diagnostic,
        Exit,
        Locked,
        NotVerified,
        ReconcilerError,
        Refused,
        Stale,
        UnknownName,
        Usage,
    )
    from reconciler.errors import Invalid as InputError
    from reconciler.events import Event, Listener
    from reconciler.lanes.stop import Stop
    from reconciler.plan.explain import Explanation

__version__ = "0.2.0"

_HOMES = {
    "Approval": "api.approve.Approval",
    "Diagnostic": "errors.Diagnostic",
    "Event": "events.Event",
    "Evidence": "api.evidence.Evidence",
    "Exit": "errors.Exit",
    "Explanation": "plan.explain.Explanation",
    "InputError": "errors.Invalid",
    "InventoryPull": "api.pull.InventoryPull",
    "Listener": "events.Listener",
    "Locked": "errors.Locked",
    "Plan": "api.plan.Plan",
    "Project": "api.project.Project",
    "ReconcilerError": "errors.ReconcilerError",
    "Refused": "errors.Refused",
    "Stale": "errors.Stale",
    "Stop": "lanes.stop.Stop",
    "UnknownName": "errors.UnknownName",
    "NotVerified": "errors.NotVerified",
    "Usage": "errors.Usage",
    "Validation": "api.validate.Validation",
    "open_project": "api.project.open_project",
    "read_plan": "api.plan.read_plan",
    "verify": "api.verify.verify",
}

__all__ = [
    "Approval",
    "Diagnostic",
    "Event",
    "Evidence",
    "Exit",
    "Explanation",
    "InputError",
    "InventoryPull",
    "Listener",
    "Locked",
    "Plan",
    "Project",
    "ReconcilerError",
    "Refused",
    "Stale",
    "Stop",
    "UnknownName",
    "NotVerified",
    "Usage",
    "Validation",
    "__version__",
    "open_project",
    "read_plan",
    "verify",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, inside = _HOMES[name].rpartition(".")
    value: object = getattr(import_module(f"{__name__}.{module}"), inside)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

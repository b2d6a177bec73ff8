"""Which parameter's values are known by whom; click knows those of the others, or nobody does."""

from typing import Final

from reconciler.api.completing import Finder, folder, project


def finder(command: str, parameter: str) -> Finder | None:
    """What knows the values of *parameter* of *command*, by click's names; None: not we."""
    return _OF_ONE.get((command, parameter)) or _OF_ALL.get(parameter)


_OF_ONE: Final[dict[tuple[str, str], Finder]] = {
    ("apply", "reports"): folder.apply_reports,
    ("validate", "reports"): folder.validate_reports,
    ("plan", "reports"): folder.plan_reports,
    ("show", "reports"): folder.plan_reports,
    ("show", "path"): folder.plans,
    ("show", "other"): folder.plans,
    ("show", "name"): project.drivers,
    ("init", "driver"): project.drivers,
    ("settle", "arguments"): folder.plans,
    ("stats", "files"): folder.inventories,
    ("sandbox", "files"): folder.inventories,
    ("sandbox", "vendors"): project.account_drivers,
    ("generate", "from_"): folder.files,
    ("generate", "matches"): project.conditions,
    ("try", "path"): folder.files,
    ("approve", "key"): folder.files,
    ("new", "out"): folder.folders,
}
"""By command and parameter."""

_OF_ALL: Final[dict[str, Finder]] = {
    "account": project.accounts,
    "accounts": project.accounts,
    "allow_shrink": project.accounts,
    "manifests": project.manifests,
    "plan": folder.plans,
    "target": project.targets,
    "targets": project.targets,
    "exclude": project.targets,
    "inventory": folder.inventories,
    "source": folder.inventories,
    "before": folder.inventories,
    "after": folder.inventories,
    "out": folder.files,
    "approvals": folder.files,
    "events": folder.files,
    "workflow": folder.files,
    "dotenv": folder.files,
}
"""By the name of the parameter, whichever command has it."""

"""A plan's identity, and the command that comes next."""

from shlex import quote

from reconciler.model import PlanDocument
from reconciler.safe import terminal


def lines(plan: PlanDocument, digest: str, out: str | None, closed: str | None) -> list[str]:
    """What is said below *plan*, which was saved in *out*; `-` is standard output.

    *closed*: why nothing of it may be sent now, if so.
    """
    if out == "-":
        return [f"Plan {digest}, written to standard output"]
    if out is None:
        found = [f"Plan {digest} (not saved)"]
        way = "Save it with: reconciler plan --out plan.json"
    else:
        path = terminal(quote(out))
        found = [f"Plan {digest}, saved in {path}"]
        way = _next(path, plan.approvals.required, closed)
    if plan.violations:
        return [*found, "Next: lift what breaks a limit (see above), then plan again"]
    return [*found, way] if plan.applicable and plan.summary.delete else found


def _next(path: str, people: int, closed: str | None) -> str:
    """What is to be done with a plan that can be applied: approved, waited with, applied."""
    apply = f"reconciler apply {path}"
    if people:
        who = "1 person approves it" if people == 1 else f"{people} people approve it"
        return f"Next: {who} (reconciler approve {path} --key FILE), then {apply}"
    if closed is not None:
        return f"Next: wait, for {closed}; then {apply}"
    return f"Apply it with: {apply}"

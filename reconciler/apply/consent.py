"""Whether enough people approved of a plan: signatures of its very bytes, counted today."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler import disk
from reconciler.apply.task import Signatures, Task
from reconciler.declare.project import Approvals
from reconciler.errors import ApprovalsMissing, NotAllowed
from reconciler.model import PlanDocument
from reconciler.prove import approvals
from reconciler.prove.approvals import Counted


@dataclass(frozen=True, slots=True)
class Consent:
    """How many approvals were needed. *counted*: those given, None if nobody had to look at them.

    *signers* is the digest of the file of allowed signers. *given*: the signatures that were
    counted, as (path, bytes).
    """

    required: int = 0
    counted: Counted | None = None
    signers: str | None = None
    given: Signatures = ()

    def record(self, rule: Approvals | None) -> dict[str, Any]:
        """What the audit log says of it. *rule* is the project's."""
        return {
            "required": self.required,
            "principals": list(self.counted.principals) if self.counted else [],
            "rejected": list(self.counted.rejected) if self.counted else [],
            "allowedSigners": self.signers,
            "aliases": {k: list(v) for k, v in rule.aliases.items()} if rule else {},
        }


def consent(task: Task, fresh: PlanDocument) -> Consent:
    """`NotAllowed` unless enough people signed these very bytes. *fresh*: today's plan."""
    required = _required(task, fresh)
    if required <= 0 or task.options.lifts("approvals"):
        return Consent(required)
    rule = task.project.guards.approvals
    if rule is None:
        raise NotAllowed(
            f"the plan needs {required} approvals, and the project no longer says who may "
            "approve; plan again"
        )
    return _counted(task, rule, required)


def _counted(task: Task, rule: Approvals, required: int) -> Consent:
    """The signatures of the plan counted by *rule*; `NotAllowed` if fewer than *required*."""
    saved, author = task.saved, task.saved.plan.metadata.author
    place = disk.inside(task.site.root, rule.allowed_signers)
    given = signatures(task)
    signers = approvals.read_signers(place)
    counted = approvals.count(
        saved.data,
        given,
        signers,
        author=author,
        aliases=rule.aliases,
        requested_by=task.options.requested_by,
        now=task.now,
        plan_name=saved.path.name,
    )
    if missing := approvals.shortfall(counted, required=required, author=author):
        raise ApprovalsMissing(f"{missing}; nothing was sent (reconciler approve signs the plan)")
    return Consent(required, counted, hashlib.sha256(signers.allowed).hexdigest(), given)


def _required(task: Task, fresh: PlanDocument) -> int:
    """The strictest of what the saved plan, today's plan and today's project ask for."""
    saved, rule = task.saved.plan, task.project.guards.approvals
    planned = max(saved.approvals.required, fresh.approvals.required)
    if rule is None:
        return planned
    asked = saved.summary.targets > rule.above or any(one.waivers for one in saved.actions)
    return max(planned, rule.required if asked else 0)


def signatures(task: Task) -> Signatures:
    """Those that were given for the plan, else those beside it."""
    if task.options.signatures is not None:
        return task.options.signatures
    if not task.options.approvals:
        return tuple(approvals.read_signatures(task.saved.path))
    return tuple(
        (one, disk.read_file(Path(one), what="the signature", most=1 << 20))
        for one in task.options.approvals
    )

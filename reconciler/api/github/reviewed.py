"""What was reviewed before a merge: the run that made the plan, and the signatures in comments."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.api.github import pulls
from reconciler.api.github.event import Place, at, place, sha
from reconciler.api.github.pulls import Pull
from reconciler.api.signatures import written
from reconciler.errors import Usage
from reconciler.site import Site

_WORKFLOW: Final = re.compile(r"[A-Za-z0-9._-]{1,100}\.ya?ml")


@dataclass(frozen=True, slots=True)
class ReviewedPull:
    """*run*: the run of the merged pull request that made its last plan, None if there is none.

    *signatures*: the files that hold what its comments say, beside the plan. *author*: who opened
    the pull request; the plan may name another, as that job ran a stranger's files.
    """

    number: int | None = None
    run: int | None = None
    author: str | None = None
    signatures: tuple[Path, ...] = ()
    why: str | None = None


def reviewed(site: Site, plan: Path, *, workflow: str = "reconciler.yaml") -> ReviewedPull:
    """Of the push that this job runs for: what was reviewed of it.

    The artefact of the *run* has the plan; it goes to *plan*. Every SSH signature in a comment
    is put beside it: by whom it is, and whether it is of that plan, only `apply` can tell.
    """
    if not _WORKFLOW.fullmatch(workflow):
        raise Usage(f"--workflow {workflow!r}: write the name of its file, such as reconciler.yaml")
    where = place(site.environ)
    commit = sha(where.payload.get("after")) or sha(site.environ.get("GITHUB_SHA"))
    pull = None if commit is None else pulls.merged_by(where, commit)
    if pull is None:
        return ReviewedPull(why="this commit is not the merge of a pull request")
    run = _run(where, pull, workflow)
    if run is None:
        return ReviewedPull(pull.number, why="no run of the pull request's last commit made a plan")
    said = ((one.id, one.body) for one in pulls.comments(where, pull.number))
    signed = written(plan, said, f"pull request {pull.number}")
    return ReviewedPull(pull.number, run, pull.author, tuple(signed))


def _run(where: Place, pull: Pull, workflow: str) -> int | None:
    """The newest run at the pull request's last commit that succeeded."""
    path = where.path("actions", "workflows", workflow, "runs")
    asked = (
        ("event", "pull_request"),
        ("head_sha", pull.head),
        ("status", "success"),
        ("per_page", "10"),
    )
    answer = where.host.ask("GET", path, query=asked)
    found = [
        one["id"]
        for one in at(answer, "workflow_runs") or ()
        if isinstance(at(one, "id"), int)
        and at(one, "head_sha") == pull.head
        and at(one, "conclusion") == "success"
        and at(one, "event") == "pull_request"
    ]
    return max(found, default=None)

"""What a job at GitLab CI needs to apply what was reviewed: the plan's job and the signatures.

The job's own token may read neither comments nor pipelines: `RECONCILER_READ_TOKEN` is one that may
(`read_api`). What is read decides nothing by itself: `apply` judges every signature, and deletes
only what today's files say, too.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.api.signatures import written
from reconciler.driver import Secret
from reconciler.errors import Usage
from reconciler.lanes.codehost import CodeHost
from reconciler.site import Site

JOB: Final = "reconciler:plan"
_ID: Final = re.compile(r"[0-9]{1,15}")
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LOGIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}")


@dataclass(frozen=True, slots=True)
class ReviewedMerge:
    """*number*: of the merge request whose merge was pushed, None: it is none.

    *job*: the job that made its last plan, None if there is none; *why* says why. *author*: who
    opened it; the plan may name another, as that job ran a stranger's files. *signatures*: the
    files that hold what its comments say, beside the plan.
    """

    number: int | None = None
    job: int | None = None
    author: str | None = None
    signatures: tuple[Path, ...] = ()
    why: str | None = None


class _Project:
    """The project at GitLab that *environ*, a job's, says."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address, number = environ.get("CI_API_V4_URL", ""), environ.get("CI_PROJECT_ID", "")
        commit = environ.get("CI_COMMIT_SHA", "")
        if not address or not _ID.fullmatch(number) or not _SHA.fullmatch(commit):
            said = "CI_API_V4_URL, CI_PROJECT_ID, CI_COMMIT_SHA"
            raise Usage(f"this works in a job of GitLab CI ({said})")
        token = environ.get("RECONCILER_READ_TOKEN")
        if not token:
            raise Usage(
                "RECONCILER_READ_TOKEN is not set; make a project access token with the scope"
                " read_api, and this a masked and protected variable"
            )
        self._host = CodeHost(address, Secret.of(token), accept="application/json")
        self.number, self.commit = int(number), commit

    def every(self, *path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """All entries of a list of the project."""
        whole = ("projects", str(self.number), *path)
        for one in self._host.every(whole, tuple(query.items())):
            if isinstance(one, Mapping):
                yield one


def reviewed(site: Site, plan: Path, *, job: str = JOB) -> ReviewedMerge:
    """Of the push that this job runs for: what was reviewed of it.

    The artefact `plan.json` of the *job* that is found goes to *plan*; every SSH signature in a
    comment is put beside it.
    """
    project = _Project(site.environ)
    merge = _merged(project)
    if merge is None:
        return ReviewedMerge(why="this commit is not the merge of a merge request")
    number, author = merge["iid"], _author(merge)
    found = _job(project, str(number), merge, job)
    if found is None:
        why = f"the last pipeline of merge request {number} has no job {job} that made a plan"
        return ReviewedMerge(number, author=author, why=why)
    signed = written(plan, _comments(project, str(number)), f"merge request {number}")
    return ReviewedMerge(number, found, author, tuple(signed))


def _merged(project: _Project) -> Mapping[str, Any] | None:
    """The merge request whose merge is the commit, by its own word: GitLab lists more of them."""
    for one in project.every("repository", "commits", project.commit, "merge_requests"):
        made = (one.get("merge_commit_sha"), one.get("squash_commit_sha"), one.get("sha"))
        if type(one.get("iid")) is int and one.get("state") == "merged" and project.commit in made:
            return one
    return None


def _author(merge: Mapping[str, Any]) -> str | None:
    author = merge.get("author")
    name = author.get("username") if isinstance(author, Mapping) else None
    return name if isinstance(name, str) and _LOGIN.fullmatch(name) else None


def _job(project: _Project, number: str, merge: Mapping[str, Any], name: str) -> int | None:
    """The newest job *name* that succeeded in the newest pipeline of the merge request.

    Pipelines of a fork are the fork's; those of another commit are not of what was merged, but for
    the ones that GitLab makes of a merge that is tried (`/merge`).
    """
    tried = f"refs/merge-requests/{number}/merge"
    pipelines = [
        one["id"]
        for one in project.every("merge_requests", number, "pipelines")
        if type(one.get("id")) is int
        and one.get("project_id", project.number) == project.number
        and one.get("source") == "merge_request_event"
        and (one.get("sha") == merge.get("sha") or one.get("ref") == tried)
    ]
    if not pipelines:
        return None
    jobs = project.every("pipelines", str(max(pipelines)), "jobs", scope="success")
    known = [one["id"] for one in jobs if type(one.get("id")) is int and one.get("name") == name]
    return max(known, default=None)


def _comments(project: _Project, number: str) -> Iterator[tuple[int, str]]:
    for one in project.every("merge_requests", number, "notes", sort="asc"):
        id_, body = one.get("id"), one.get("body")
        if type(id_) is int and isinstance(body, str) and one.get("system") is not True:
            yield id_, body

"""GitLab's REST interface, as far as a job of ours asks it; written from its documentation."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

READ, JOB = "glpat-reads0123456789", "glcbt-64_job0123456789"
PROJECT = "/api/v4/projects/5"


@dataclass
class MergeHost:
    """A project's merge requests, with their notes, pipelines and jobs; *artifacts* by job."""

    merges: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    artifacts: dict[int, Path] = field(default_factory=dict)

    def merge(self, number: int, head: str, **more: Any) -> dict[str, Any]:
        made = {
            "iid": number,
            "state": "opened",
            "sha": head,
            "merge_commit_sha": None,
            "squash_commit_sha": None,
            "author": {"username": "octocat"},
        }
        self.merges.append(made | more)
        return self.merges[-1]

    def say(self, body: str, **more: Any) -> None:
        self.notes.append({"id": 300 + len(self.notes), "body": body, "system": False} | more)

    def ran(self, pipeline: int, sha: str, *jobs: dict[str, Any], **more: Any) -> None:
        """A pipeline of the merge request at *sha*, with its *jobs*."""
        known = {"id": pipeline, "sha": sha, "ref": "refs/merge-requests/7/head", "project_id": 5}
        self.pipelines.append(known | {"source": "merge_request_event"} | more)
        self.jobs[pipeline] = list(jobs)


def app(state: MergeHost) -> Starlette:
    """What answers for *state*."""

    def rows(request: Request, found: list[Any]) -> Response:
        """A page of what only a token that reads the project may see: a job's own may not."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token != READ:
            return JSONResponse({"message": "401 Unauthorized"}, 401)
        size = min(int(request.query_params.get("per_page", "20")), 100)
        start = (int(request.query_params.get("page", "1")) - 1) * size
        return JSONResponse(found[start : start + size])

    async def of_commit(request: Request) -> Response:
        return rows(request, state.merges)

    async def notes(request: Request) -> Response:
        assert request.query_params["sort"] == "asc"
        return rows(request, state.notes)

    async def pipelines(request: Request) -> Response:
        return rows(request, state.pipelines)

    async def jobs(request: Request) -> Response:
        wanted = request.query_params["scope"]
        there = state.jobs[request.path_params["id"]]
        return rows(request, [one for one in there if one["status"] == wanted])

    async def artifact(request: Request) -> Response:
        place = state.artifacts.get(request.path_params["id"])
        if place is None or request.headers.get("job-token") != JOB:
            return JSONResponse({"message": "404 Not Found"}, 404)
        return FileResponse(place)

    return Starlette(
        routes=[
            Route(f"{PROJECT}/repository/commits/{{sha}}/merge_requests", of_commit),
            Route(f"{PROJECT}/merge_requests/7/notes", notes),
            Route(f"{PROJECT}/merge_requests/7/pipelines", pipelines),
            Route(f"{PROJECT}/pipelines/{{id:int}}/jobs", jobs),
            Route(f"{PROJECT}/jobs/{{id:int}}/artifacts/plan.json", artifact),
        ]
    )

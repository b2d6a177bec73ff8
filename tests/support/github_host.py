"""GitHub's REST interface, as far as a job of ours asks it; written from its documentation."""

import re
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

OURS = "github-actions[bot]"
WRITES, READS = "ghs_writes0123456789abcdef", "ghs_reads0123456789abcdef"
MOST = 65_536
REPO = "/repos/acme/messaging"


@dataclass
class CodeHostState:
    """Pull requests and what hangs on them. *writes* are the requests that changed something."""

    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    labels: dict[int, list[str]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)  # statuses that the next answers have

    def pull(self, number: int, owner: str, branch: str, head: str) -> dict[str, Any]:
        made = {
            "number": number,
            "user": {"login": "octocat"},
            "state": "open",
            "merged_at": None,
            "merge_commit_sha": None,
            "head": {"ref": branch, "sha": head, "repo": {"owner": {"login": owner}}},
        }
        self.pulls.append(made)
        self.labels[number] = []
        return made

    def say(self, number: int, login: str, body: str) -> int:
        """A comment of somebody's."""
        found = 1000 + len(self.comments)
        kind = "Bot" if login.endswith("[bot]") else "User"
        self.comments[found] = {
            "id": found,
            "issue": number,
            "user": {"login": login, "type": kind},
            "body": body,
        }
        return found

    def by(self, login: str) -> list[dict[str, Any]]:
        return [one for one in self.comments.values() if one["user"]["login"] == login]


def app(state: CodeHostState) -> Starlette:
    """What answers for *state*."""

    def page(request: Request, rows: list[Any]) -> JSONResponse:
        size = min(int(request.query_params.get("per_page", "30")), 100)
        start = (int(request.query_params.get("page", "1")) - 1) * size
        return JSONResponse(rows[start : start + size])

    def refused(request: Request) -> Response | None:
        if state.failures:
            return JSONResponse({"message": "Server Error"}, state.failures.pop(0))
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in (WRITES, READS):
            return JSONResponse({"message": "Bad credentials"}, 401)
        if request.method == "GET":
            return None
        if token != WRITES:
            return JSONResponse({"message": "Resource not accessible by integration"}, 403)
        state.writes.append(f"{request.method} {request.url.path.removeprefix(REPO)}")
        return None

    async def pulls(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        wanted = request.query_params.get("head")
        found = [
            one
            for one in state.pulls
            if one["state"] == request.query_params.get("state", "open")
            and wanted in (None, f"{one['head']['repo']['owner']['login']}:{one['head']['ref']}")
        ]
        return page(request, found)

    async def of_commit(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        sha = request.path_params["sha"]
        found = [one for one in state.pulls if sha in (one["merge_commit_sha"], one["head"]["sha"])]
        return page(request, found)

    async def comments(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        number = request.path_params["number"]
        if request.method == "GET":
            rows = [one for one in state.comments.values() if one["issue"] == number]
            return page(request, rows)
        body = (await request.json())["body"]
        if len(body) > MOST:
            return JSONResponse({"message": "Body is too long"}, 422)
        return JSONResponse(state.comments[state.say(number, OURS, body)], 201)

    async def comment(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        found = state.comments.get(request.path_params["id"])
        if found is None:
            return JSONResponse({"message": "Not Found"}, 404)
        if request.method == "DELETE":
            del state.comments[found["id"]]
            return Response(status_code=204)
        body = (await request.json())["body"]
        if len(body) > MOST:
            return JSONResponse({"message": "Body is too long"}, 422)
        found["body"] = body
        return JSONResponse(found)

    async def labels(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        there = state.labels[request.path_params["number"]]
        if request.method == "POST":
            there += [one for one in (await request.json())["labels"] if one not in there]
            return JSONResponse([{"name": one} for one in there])
        return page(request, [{"name": one} for one in there])

    async def label(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        state.labels[request.path_params["number"]].remove(request.path_params["name"])
        return JSONResponse([])

    async def runs(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        asked = request.query_params
        found = [
            one
            for one in state.runs
            if one["workflow"] == request.path_params["file"]
            and one["event"] == asked["event"]
            and one["head_sha"] == asked["head_sha"]
            and one["conclusion"] == asked["status"]
        ]
        return JSONResponse({"total_count": len(found), "workflow_runs": found})

    return Starlette(
        routes=[
            Route(f"{REPO}/pulls", pulls),
            Route(f"{REPO}/commits/{{sha}}/pulls", of_commit),
            Route(f"{REPO}/issues/{{number:int}}/comments", comments, methods=["GET", "POST"]),
            Route(f"{REPO}/issues/comments/{{id:int}}", comment, methods=["PATCH", "DELETE"]),
            Route(f"{REPO}/issues/{{number:int}}/labels", labels, methods=["GET", "POST"]),
            Route(f"{REPO}/issues/{{number:int}}/labels/{{name}}", label, methods=["DELETE"]),
            Route(f"{REPO}/actions/workflows/{{file}}/runs", runs),
        ]
    )


def digest_of(body: str) -> str:
    """The digest of the plan that a comment shows."""
    found = re.search(r"sha256:[0-9a-f]{64}", body)
    assert found is not None
    return found[0]

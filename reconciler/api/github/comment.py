"""Our comment on a pull request: written once, then kept up to date, and nobody else's touched."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from reconciler.api.github import pulls
from reconciler.api.github.event import Place, at, place
from reconciler.api.github.left import Left, left_in
from reconciler.api.github.pulls import Pull, PullComment
from reconciler.errors import Usage
from reconciler.lanes.codehost import NotThere
from reconciler.site import Site
from reconciler.views import comment as view
from reconciler.views.ci import run_address
from reconciler.views.frame import Frame

AUTHOR: Final = "github-actions[bot]"


@dataclass(frozen=True, slots=True)
class Commented:
    """What was done on which pull request. *why*: the reason for `nothing`."""

    done: Literal["created", "updated", "unchanged", "nothing"]
    number: int | None = None
    digest: str | None = None
    why: str | None = None


def comment(
    site: Site,
    folder: Path,
    *,
    key: str = "plan",
    author: str = AUTHOR,
    labels: bool = True,
) -> Commented:
    """Show what another job left in *folder* on the pull request that it ran for.

    *folder* holds `plan.json`, `validation.json` and `plan.err`, as far as that job got; it may be
    missing. *key* tells the comments of several projects apart. *author*: who we are to GitHub; a
    comment is ours only if it has our mark and is by that author. *labels*: ours are kept as well.
    """
    if not view.KEY.fullmatch(key):
        raise Usage(f"--key {key!r}: write 1 to 63 of [A-Za-z0-9._-]")
    where = place(site.environ)
    pull, head = pulls.of_event(where)
    if pull is None or head is None:
        return Commented("nothing", why="the run is of no open pull request")
    if not pull.open or pull.head != head:
        said = "has a newer commit" if pull.open else "is closed"
        return Commented("nothing", pull.number, why=f"the pull request {said}")
    left = left_in(folder, head)
    with left:
        ours = _ours(where, pull, key, author)
        before = view.digest_in(ours[0].body) if ours else None
        run = at(where.payload, "workflow_run", "html_url") or run_address(site.environ)
        done = _write(where, pull, ours, _body(left, key, before=before, run=run))
        if labels:
            _label(where, pull, left, key)
        return Commented(done, pull.number, left.digest)


def _ours(where: Place, pull: Pull, key: str, author: str) -> list[PullComment]:
    """Our comments: by their mark *and* by who wrote them. Anybody can write a mark."""
    return [
        one
        for one in pulls.comments(where, pull.number)
        if one.login == author and one.body.startswith(view.mark(key))
    ]


def _body(left: Left, key: str, *, before: str | None, run: object) -> str:
    """*run*: the address of the run whose artefact it is."""
    run = run if isinstance(run, str) else None
    if left.plan is not None:
        frame = Frame(digest=left.plan.digest, run=run, fit="github")
        return view.of_plan(left.plan.value, frame, key, before=before)
    return view.of_trouble(left.diagnostics, left.said, key, run=run, head=left.head)


def _write(
    where: Place, pull: Pull, ours: list[PullComment], body: str
) -> Literal["created", "updated", "unchanged"]:
    if not ours:
        path = where.path("issues", str(pull.number), "comments")
        where.host.ask("POST", path, body={"body": body})
        return "created"
    first, *more = ours
    for one in more:  # two runs that did not know of each other
        where.host.ask("DELETE", where.path("issues", "comments", str(one.id)))
    if first.body == body:
        return "unchanged"
    where.host.ask("PATCH", where.path("issues", "comments", str(first.id)), body={"body": body})
    return "updated"


def _label(where: Place, pull: Pull, left: Left, key: str) -> None:
    """Ours that fit now, and none of ours that do not; those of others stay."""
    every = {one: f"{key}-{one}" for one in ("deletes", "not-applicable", "invalid")}
    wanted = {every[one] for one in left.labels}
    path = where.path("issues", str(pull.number), "labels")
    there = {one["name"] for one in where.host.every(path) if isinstance(one.get("name"), str)}
    if new := sorted(wanted - there):
        where.host.ask("POST", path, body={"labels": new})
    for old in sorted((set(every.values()) & there) - wanted):
        try:
            where.host.ask("DELETE", (*path, old))
        except NotThere:  # somebody was faster
            continue

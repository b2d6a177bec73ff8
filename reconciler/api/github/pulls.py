"""The pull request that an event is about, found by what GitHub says of it and by nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from reconciler.api.github.event import Place, at, sha

_NUMBERS: Final = range(1, 1 << 53)
_LOGIN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}(\[bot\])?")


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request. *head*: its newest commit. *author*: who opened it, by login."""

    number: int
    head: str
    open: bool
    author: str | None


@dataclass(frozen=True, slots=True)
class PullComment:
    """A comment of it. *login*: who wrote it, and *bot* whether that is a program."""

    id: int
    login: str
    bot: bool
    body: str


def of_event(where: Place) -> tuple[Pull | None, str | None]:
    """The pull request and the commit that the event, or the run that it tells of, is about."""
    if (pull := where.payload.get("pull_request")) is not None:
        return _pull(pull), sha(at(pull, "head", "sha"))
    run = where.payload.get("workflow_run")
    head = sha(at(run, "head_sha"))
    owner, branch = at(run, "head_repository", "owner", "login"), at(run, "head_branch")
    if head is None or not isinstance(owner, str) or not isinstance(branch, str):
        return None, head
    asked = (("state", "open"), ("head", f"{owner}:{branch}"))
    for one in where.host.every(where.path("pulls"), asked):
        found = _pull(one)
        # `head` is a filter that an odd value would widen.
        if found and at(one, "head", "ref") == branch and _whose(one) == owner.lower():
            return found, head
    return None, head


def merged_by(where: Place, commit: str) -> Pull | None:
    """The pull request whose merge is *commit*."""
    for one in where.host.every(where.path("commits", commit, "pulls")):
        if at(one, "merged_at") and at(one, "merge_commit_sha") == commit:
            return _pull(one)
    return None


def comments(where: Place, number: int) -> Iterator[PullComment]:
    """Every comment on the pull request, the oldest first."""
    for one in where.host.every(where.path("issues", str(number), "comments")):
        id_, login, body = at(one, "id"), at(one, "user", "login"), at(one, "body")
        if isinstance(id_, int) and isinstance(login, str) and isinstance(body, str):
            yield PullComment(id_, login, at(one, "user", "type") == "Bot", body)


def _whose(pull: Any) -> str:
    return str(at(pull, "head", "repo", "owner", "login") or "").lower()


def _pull(value: Any) -> Pull | None:
    number, head = at(value, "number"), sha(at(value, "head", "sha"))
    if head is None or type(number) is not int or number not in _NUMBERS:
        return None
    author = at(value, "user", "login")
    known = isinstance(author, str) and _LOGIN.fullmatch(author)
    return Pull(number, head, at(value, "state") == "open", author if known else None)

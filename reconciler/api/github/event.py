"""The event that a workflow runs for, as GitHub wrote it down."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler import disk
from reconciler.driver import Secret
from reconciler.errors import ReconcilerError, Usage
from reconciler.lanes.codehost import CodeHost

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST: Final = 8 * 1024 * 1024
_ADDRESS: Final = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job runs. *payload* is the event's; its texts are foreign, its ids are GitHub's."""

    host: CodeHost
    owner: str
    name: str
    payload: Mapping[str, Any]

    def path(self, *more: str) -> tuple[str, ...]:
        """The path of something in the repository."""
        return ("repos", self.owner, self.name, *more)


def place(environ: Mapping[str, str]) -> Place:
    """Where *environ* says that we are; `Usage` where that is no job at GitHub Actions."""
    repository = environ.get("GITHUB_REPOSITORY", "")
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    event = environ.get("GITHUB_EVENT_PATH")
    if not _REPOSITORY.fullmatch(repository) or not event:
        raise Usage("this works in a job of GitHub Actions (GITHUB_REPOSITORY, GITHUB_EVENT_PATH)")
    if not token:
        raise Usage(
            "GITHUB_TOKEN is not set; give the step `env: GITHUB_TOKEN: ${{ github.token }}`"
        )
    data = disk.read_file(Path(event), what="the event", most=_MOST)
    try:
        payload = json.loads(data)
    except ValueError as error:
        raise ReconcilerError(f"the event in {event} is not JSON") from error
    if not isinstance(payload, dict):
        raise ReconcilerError(f"the event in {event} is not one of GitHub's")
    owner, _, name = repository.partition("/")
    address = environ.get("GITHUB_API_URL") or _ADDRESS
    return Place(CodeHost(address, Secret.of(token)), owner, name, payload)


def sha(value: object) -> str | None:
    """*value* if it is the name of a commit."""
    return value if isinstance(value, str) and _SHA.fullmatch(value) else None


def at(value: object, *keys: str) -> Any:
    """What stands under *keys* in nested objects; None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value

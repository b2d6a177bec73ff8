"""What `init` did, and what comes next."""

from collections.abc import Sequence
from typing import Any, Protocol

from reconciler.safe import terminal


class _File(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def written(self) -> bool: ...
    @property
    def said(self) -> str: ...


class _Step(Protocol):
    @property
    def command(self) -> str: ...
    @property
    def does(self) -> str: ...


class _Started(Protocol):
    @property
    def files(self) -> Sequence[_File]: ...
    @property
    def steps(self) -> Sequence[_Step]: ...
    @property
    def account(self) -> str | None: ...


def text(found: _Started) -> str:
    """A line a file; then the commands, each with what it does."""
    lines = [_file(one) for one in found.files]
    if found.account is not None:
        shown = [terminal(line) for line in found.account.splitlines()]
        lines += ["", "To add the account, put this under spec.accounts:", "", *shown]
    width = max(len(one.command) for one in found.steps)
    nexts = [f"  {terminal(one.command).ljust(width)}  # {one.does}" for one in found.steps]
    return "\n".join([*lines, "", "Next:", *nexts])


def as_json(found: _Started) -> dict[str, Any]:
    """The same for programs."""
    return {
        "kind": "Init",
        "files": [
            {"path": one.path, "written": one.written, "said": one.said} for one in found.files
        ],
        "account": found.account,
        "next": [{"command": one.command, "does": one.does} for one in found.steps],
    }


def _file(one: _File) -> str:
    head = "written" if one.written else "exists "
    return f"{head}  {terminal(one.path)}{f' ({one.said})' if one.said else ''}"

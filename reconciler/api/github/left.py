"""What the job of a pull request left behind: files by a stranger, read strictly."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler import disk
from reconciler.api.plan import Plan, read_plan
from reconciler.errors import Diagnostic, ReconcilerError

_MOST: Final = 64 * 1024 * 1024
_MOST_TEXT: Final = 256 * 1024
_NUMBERS: Final = range(1, 1 << 31)


@dataclass(frozen=True, slots=True)
class Left:
    """*plan*, or why there is none: *diagnostics*, and what else was *said*. *head*: the commit."""

    head: str
    plan: Plan | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    said: str | None = None

    def __enter__(self) -> "Left":
        return self

    def __exit__(self, *_: object) -> None:
        if self.plan is not None:
            self.plan.close()

    @property
    def digest(self) -> str | None:
        return None if self.plan is None else self.plan.digest

    @property
    def labels(self) -> tuple[str, ...]:
        """What the pull request is, in one word each."""
        if self.plan is None:
            return ("invalid",)
        found = ("deletes",) if self.plan.summary.delete else ()
        return found if self.plan.applicable else (*found, "not-applicable")


def left_in(folder: Path, head: str) -> Left:
    """What lies in *folder* of the run at commit *head*."""
    try:
        plan = _plan(folder, head)
    except ReconcilerError as error:
        return Left(head, said=str(error))
    if plan is not None:
        return Left(head, plan)
    return Left(head, None, _diagnostics(folder), _text(folder, "plan.err"))


def _plan(folder: Path, head: str) -> Plan | None:
    place = _place(folder, "plan.json", _MOST)
    if place is None:
        return None
    plan = read_plan(place)
    if plan.metadata.commit != head:
        raise ReconcilerError("the plan that the run left behind is not of this commit")
    return plan


def _diagnostics(folder: Path) -> tuple[Diagnostic, ...]:
    text = _text(folder, "validation.json")
    try:
        told = json.loads(text or "{}")
        listed = told.get("diagnostics", []) if isinstance(told, dict) else []
        return tuple(_diagnostic(one) for one in listed)
    except (ValueError, TypeError, RecursionError):
        return ()


def _diagnostic(one: Any) -> Diagnostic:
    if not isinstance(one, dict):
        raise TypeError
    texts = {
        key: one[key] if isinstance(one.get(key), str) else None
        for key in ("severity", "code", "message", "path", "fix")
    }
    numbers = {
        key: one[key] if type(one.get(key)) is int and one[key] in _NUMBERS else None
        for key in ("line", "column")
    }
    return Diagnostic(
        severity="warning" if texts["severity"] == "warning" else "error",
        code=texts["code"] or "",
        message=texts["message"] or "",
        path=texts["path"],
        line=numbers["line"],
        column=numbers["column"],
        fix=texts["fix"],
    )


def _text(folder: Path, name: str) -> str | None:
    try:
        place = _place(folder, name, _MOST_TEXT)
        return None if place is None else place.read_bytes().decode("utf-8", "replace")
    except ReconcilerError:
        return None


def _place(folder: Path, name: str, most: int) -> Path | None:
    """The file *name* of *folder*, None if it is not there; no symlink is followed out of it."""
    if not (folder / name).exists():
        return None
    found = disk.inside(folder, name)
    disk.read_file(found, what=name, most=most)
    return found

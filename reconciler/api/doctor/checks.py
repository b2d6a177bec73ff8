"""What `doctor` finds: one check after another, each with the way to mend it."""

from collections.abc import Iterable

import msgspec

from reconciler.errors import Exit


class Checkup(msgspec.Struct, frozen=True):
    """One thing that was looked at. *ok* None: it could not be, or need not be.

    *account* None: it is about the project or this machine. *fix*: what to do about it.
    """

    check: str
    account: str | None
    ok: bool | None
    message: str
    fix: str | None = None


class Health(msgspec.Struct, frozen=True):
    """All checks of a `doctor`, in order."""

    checks: tuple[Checkup, ...]

    @property
    def exit_code(self) -> Exit:
        wrong = any(one.ok is False for one in self.checks)
        return Exit.ERROR if wrong else Exit.OK


def skipped(checks: Iterable[str], account: str, why: str) -> list[Checkup]:
    """*checks* that were not made, and why."""
    return [Checkup(one, account, None, f"skipped: {why}") for one in checks]

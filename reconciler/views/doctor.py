"""What `doctor` found: a line a check, each with the fix below."""

from collections.abc import Sequence
from typing import Any, Protocol

from reconciler.safe import advice, terminal
from reconciler.views.layout import Ink, wrap

_WORDS = {True: "ok", False: "WRONG", None: "-"}
_INKS = {True: "green", False: "red", None: "dim"}


class _Checkup(Protocol):
    """One check."""

    @property
    def check(self) -> str: ...
    @property
    def account(self) -> str | None: ...
    @property
    def ok(self) -> bool | None: ...
    @property
    def message(self) -> str: ...
    @property
    def fix(self) -> str | None: ...


def text(checks: Sequence[_Checkup], *, color: bool = False, width: int = 100) -> str:
    """First what concerns the project and this machine, then account by account."""
    wide, ink = max(len(one.check) for one in checks), Ink(color)
    lines, last = [], None
    for one in checks:
        if one.account != last:
            lines += ["", ink(terminal(one.account or ""), "bold")]
            last = one.account
        head = f"  {_WORDS[one.ok].ljust(5)}  {one.check.ljust(wide)}  "
        hanging = " " * len(head)
        first, *more = wrap(terminal(one.message), max(width, 60), head, hanging)
        mark = _WORDS[one.ok]
        lines += [first.replace(mark, ink(mark, _INKS[one.ok]), 1), *more]
        if one.fix is not None and one.ok is not True:
            lines += wrap(f"fix: {advice(one.fix)}", max(width, 60), hanging, f"{hanging}     ")
    wrong = sum(one.ok is False for one in checks)
    end = f"{wrong} of {len(checks)} checks are wrong." if wrong else "Nothing is wrong."
    return "\n".join([*lines, "", end])


def as_json(checks: Sequence[_Checkup]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "kind": "Doctor",
        "checks": [
            {
                "check": one.check,
                "account": one.account,
                "ok": one.ok,
                "message": one.message,
                "fix": one.fix,
            }
            for one in checks
        ],
    }

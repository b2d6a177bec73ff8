"""Every error raised on purpose, in one tree, and the table of exit codes.

ReconcilerError            exit 1   something could not be done
  InputError               exit 1   input with placed diagnostics, all of a run at once
  Usage                    exit 64  the command line, or the arguments of a call, themselves
    UnknownName            exit 64  a name that the project does not have
  NotAllowed                  exit 3   a guard said no before the first request
    ApprovalsMissing          exit 3   fewer people signed the plan than must
  Stale                    exit 4   the plan or the evidence is not what it should be
    NotVerified               exit 4   evidence or an audit log that does not verify
  Locked                   exit 75  another run holds a lane
"""

from collections.abc import Collection, Iterable
from enum import IntEnum

import msgspec


class Exit(IntEnum):
    """The process's exit codes. Stable: scripts depend on them."""

    OK = 0  # done, or nothing to do
    ERROR = 1  # bad input, cannot read or write, unexpected
    CHANGES = 2  # only with --detailed-exitcode
    REFUSED = 3  # a guard: violations, closed window, approvals missing
    STALE = 4  # plan expired, changed, not for this project; evidence does not verify
    PARTIAL = 5  # some targets refused, drifted or not reached; running again is safe
    DOUBT = 6  # targets in doubt remain
    USAGE = 64
    LOCKED = 75
    HUP = 129
    INT = 130
    TERM = 143


class Diagnostic(msgspec.Struct, frozen=True):
    """One thing wrong with an input: where, what, and how to mend it.

    *line* and *column* count from 1; None where the input has no such place. *severity* is
    `error` or `warning`. *code* is stable and kebab-case. Texts may quote the input: whoever
    shows them escapes them (`safe`).
    """

    severity: str
    code: str
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    fix: str | None = None

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known, else an empty text."""
        known = [str(part) for part in (self.path, self.line, self.column) if part is not None]
        return ":".join(known)

    def __str__(self) -> str:
        head = f"{self.place}: " if self.place else ""
        tail = f" ({self.fix})" if self.fix else ""
        return f"{head}{self.message}{tail}"


class ReconcilerError(Exception):
    """Something could not be done; the text says what, whether anything changed, and the way on."""

    exit = Exit.ERROR


class ReadAs(msgspec.Struct, frozen=True):
    """Options that read a file of an inventory as it is; *means*: what they take for granted."""

    options: tuple[tuple[str, str], ...]
    means: str = ""


class Instead(msgspec.Struct, frozen=True):
    """How a file of an inventory that was refused would be read.

    *path*: as a shell finds it. *ours*: the project names it, not who asked. *new*: the file to
    read in its place, which the shell command *prepare* writes (None: it is read as it is). *ways*:
    how; one is enough, and which, nobody can know.
    """

    path: str
    ours: bool
    new: str
    prepare: str | None
    ways: tuple[ReadAs, ...]


class InputError(ReconcilerError):
    """Input that is wrong; carries every diagnostic found, never only the first.

    *instead*: what would read the files of an inventory, where something would.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], instead: Iterable[Instead] = ()) -> None:
        self.diagnostics = tuple(diagnostics)
        self.instead = tuple(instead)
        super().__init__("\n".join(str(one) for one in self.diagnostics))


class Usage(ReconcilerError):
    """The command line, or a call of the library, asks for something that cannot be meant."""

    exit = Exit.USAGE


_NAMED = 20  # names that are listed where nobody can tell which was meant


class UnknownName(Usage):
    """A name that the project does not have. *parameter*: the one it was given for."""

    def __init__(self, parameter: str, name: str, names: Iterable[str]) -> None:
        self.parameter = parameter
        self.said = f"the project has no {name!r}.{meant(name, names)}"
        super().__init__(f"{parameter}: {self.said}")


def meant(name: str, names: Iterable[str]) -> str:
    """A sentence, with a blank before it: which of *names* was probably meant, else all of them."""
    import difflib

    known = sorted(names)
    if close := difflib.get_close_matches(name, known, n=1):
        return f" Did you mean {close[0]!r}?"
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return f" There are: {', '.join(known[:_NAMED])}{more}" if known else ""


def check_names(parameter: str, given: Iterable[str], names: Collection[str]) -> None:
    """`UnknownName` for the first of the names *given* that is none of *names*."""
    for name in given:
        if name not in names:
            raise UnknownName(parameter, name, names)


def check_format(name: str, names: Collection[str]) -> str:
    """*name*, a view's; `Usage` if it is none of *names*."""
    if name not in names:
        raise Usage(f"there is no format {name!r}.{meant(name, names)}")
    return name


class NotAllowed(ReconcilerError):
    """A guard said no before the first request; nothing was sent."""

    exit = Exit.REFUSED


class ApprovalsMissing(NotAllowed):
    """Fewer people signed the plan than must; nothing was sent."""


class Stale(ReconcilerError):
    """A plan that is expired, changed or not for this project; evidence that does not verify."""

    exit = Exit.STALE


class NotVerified(Stale):
    """Evidence that does not verify: the first thing in it that does not hold.

    *member* is where: a file, or one of the archive.

    *seq* is the number of an audit record, *line* its line, where they are known.
    """

    def __init__(
        self, member: str, why: str, seq: int | None = None, line: int | None = None
    ) -> None:
        self.member = member
        self.seq = seq
        self.line = line
        self.why = why
        super().__init__(f"{member}{'' if seq is None else f' record {seq}'}: {why}")


class Locked(ReconcilerError):
    """Another run holds a lane; nothing was sent."""

    exit = Exit.LOCKED

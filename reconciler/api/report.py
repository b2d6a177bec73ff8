"""What an apply did, as a value that can be shown and written."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reconciler.api.given import One
from reconciler.api.plan import Plan
from reconciler.api.written import write_parts
from reconciler.errors import ReconcilerError, check_format
from reconciler.model import ReportDocument, TargetReport
from reconciler.views import REPORT_FORMATS, report_parts
from reconciler.views.frame import Frame, Platform


class Report:
    """What an apply did: every target of its plan, with its one outcome."""

    def __init__(self, value: ReportDocument, plan: Plan, *, left: bool = False) -> None:
        self._value = value
        self.left = left
        """Whether the work goes on at workers, and nobody here follows it.

        After `detach` the report then tells of no target.
        """
        self.plan = plan
        """The plan that was carried out."""

    def __repr__(self) -> str:
        told = ", ".join(f"{n} {outcome}" for outcome, n in self.summary.items() if n)
        return f"<Report of {self._value.plan[:19]}: {told or 'nothing'}>"

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 0 done, 5 in part, 6 with doubts; see `Exit`."""
        return self._value.exit_code

    @property
    def summary(self) -> Mapping[str, int]:
        """How many targets ended in each outcome; every outcome is named."""
        return self._value.summary

    @property
    def targets(self) -> Sequence[TargetReport]:
        """Every target, in the plan's order; they can be gone through again and again."""
        return self._value.targets

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say of the run as a whole."""
        return self._value.notes

    @property
    def value(self) -> ReportDocument:
        """The whole report as one value, for the views."""
        return self._value

    def document(self) -> Iterator[bytes]:
        """The JSON that is kept, and packed by `evidence`, in parts: phone numbers are whole."""
        return (one.encode() for one in self.pieces("json", show_numbers=True))

    def view(
        self,
        format: str,  # noqa: A002 - the option's name
        *,
        fit: Platform | None = None,
        run: str | None = None,
        show_numbers: bool = False,
    ) -> str:
        """The report in one of the formats of `--report`.

        Phone numbers are masked unless *show_numbers*. Markdown keeps the limit of the platform
        *fit*. *run*: the address of the CI's run, which a comment links.
        """
        return "".join(self.pieces(format, fit=fit, run=run, show_numbers=show_numbers))

    def pieces(
        self,
        format: str,  # noqa: A002 - the option's name
        *,
        fit: Platform | None = None,
        run: str | None = None,
        show_numbers: bool = False,
    ) -> Iterator[str]:
        """`view`, piece by piece."""
        frame = self._frame(fit, run, show_numbers=show_numbers)
        view = REPORT_FORMATS[check_format(format, REPORT_FORMATS)]
        return iter(view(self._value, self.plan.value, frame))

    def write(
        self,
        path: One,
        format: str = "json",  # noqa: A002
        *,
        fit: Platform | None = None,
        run: str | None = None,
    ) -> tuple[Path, ...]:
        """Put a view of it at *path*, whole or not at all; the files written.

        With *fit*, what does not fit goes on in *path* with `.2`, `.3` and so on behind it.
        """
        frame = self._frame(fit, run)
        check_format(format, REPORT_FORMATS)
        return write_parts(Path(path), report_parts(format, self._value, self.plan.value, frame))

    def _frame(self, fit: Platform | None, run: str | None, *, show_numbers: bool = False) -> Frame:
        saved = None if self.plan.path is None else os.fspath(self.plan.path)
        return Frame(
            digest=self.plan.digest, saved=saved, run=run, fit=fit, show_numbers=show_numbers
        )


class Unfinished(ReconcilerError):
    """All requests are over and *report* says what came of them; something after that failed.

    The journal is right; a file may not be: the kept report, the audit log, the inventory.
    """

    def __init__(self, report: Report, error: ReconcilerError) -> None:
        super().__init__(str(error))
        self.report = report
        self.exit = error.exit

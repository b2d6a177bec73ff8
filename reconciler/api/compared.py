"""`show A B`: what changed between two plans."""

from collections.abc import Iterator
from pathlib import Path

from reconciler.api.given import One
from reconciler.api.written import write_parts
from reconciler.errors import check_format
from reconciler.model import PlanDocument
from reconciler.plan.compared import Comparison
from reconciler.plan.saved import no_collection
from reconciler.views.compared import COMPARISON_FORMATS, comparison_parts
from reconciler.views.frame import Frame, Platform


class PlanComparison:
    """What changed from one plan to another: *value* has it all, field by field."""

    def __init__(self, value: Comparison) -> None:
        self.value = value

    @property
    def differ(self) -> bool:
        """Whether applying the one is not what applying the other is.

        Who made a plan, when, from which files and with which warnings does not count.
        """
        return self.value.differ

    @no_collection()
    def view(
        self,
        format: str,  # noqa: A002 - the option's name
        *,
        fit: Platform | None = None,
        run: str | None = None,
        show_numbers: bool = False,
    ) -> str:
        """It in one of the formats of `show A B`: text, json, markdown, html.

        Phone numbers are masked, in text and json unless *show_numbers*. Markdown keeps the limit
        of the platform *fit*; *run* is the address of the CI's run.
        """
        return "".join(self.pieces(format, fit=fit, run=run, show_numbers=show_numbers))

    def pieces(
        self,
        format: str,  # noqa: A002
        *,
        fit: Platform | None = None,
        run: str | None = None,
        show_numbers: bool = False,
    ) -> Iterator[str]:
        """The same, piece by piece: what is printed or sent on."""
        view = COMPARISON_FORMATS[check_format(format, COMPARISON_FORMATS)]
        return view(self.value, self._frame(fit, run, show_numbers))

    @no_collection()
    def write(
        self,
        path: One,
        format: str,  # noqa: A002
        *,
        fit: Platform | None = None,
        run: str | None = None,
    ) -> tuple[Path, ...]:
        """Put a view of it at *path*, whole or not at all; the files written.

        With *fit*, what does not fit goes on in *path* with `.2`, `.3` and so on behind it.
        """
        check_format(format, COMPARISON_FORMATS)
        return write_parts(
            Path(path), comparison_parts(format, self.value, self._frame(fit, run, False))
        )

    def _frame(self, fit: Platform | None, run: str | None, show_numbers: bool) -> Frame:
        digest = self.value.after.digest
        return Frame(digest=digest, run=run, fit=fit, show_numbers=show_numbers)


@no_collection()
def comparison(
    before: PlanDocument, after: PlanDocument, *, digests: tuple[str, str]
) -> PlanComparison:
    """What *after* does that *before* does not, and the other way round; *digests* are theirs."""
    from reconciler.inventory.diff import changes
    from reconciler.plan import comparing

    return PlanComparison(comparing.compare(before, after, digests=digests, record_changes=changes))

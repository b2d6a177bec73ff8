"""What changed between two plans as a page that needs nothing else."""

from collections.abc import Iterator

from reconciler.plan.compared import Comparison
from reconciler.views.compared import said
from reconciler.views.frame import Frame


def view(found: Comparison, frame: Frame) -> Iterator[str]:
    """The whole comparison, without a script; numbers masked."""
    from reconciler.views.html import page

    mask = said.mask_of(found)
    return page.static(
        "compared.html",
        found=found,
        frame=frame,
        effects=found.effects(),
        said=said,
        mask=mask,
        values=lambda field: page.sentence_with(
            lambda show: said.values(field, lambda text: show(mask(text)))
        ),
    )

"""What changed between two plans, for people and for machines. Pure, as all views are.

`COMPARISON_FORMATS` names what `show A B` offers; each takes the comparison and its `Frame` (the
digest is that of the second plan) and yields the text piece by piece. Phone numbers are masked.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module

from reconciler.plan.compared import Comparison
from reconciler.views.frame import Frame

ComparisonView = Callable[[Comparison, Frame], Iterator[str]]


def _view(module: str, function: str = "view") -> ComparisonView:
    def view(found: Comparison, frame: Frame) -> Iterator[str]:
        home = import_module(f"reconciler.views.compared.{module}")
        made: Iterator[str] = getattr(home, function)(found, frame)
        return made

    return view


COMPARISON_FORMATS: dict[str, ComparisonView] = {
    "text": _view("text"),
    "json": _view("json"),
    "markdown": _view("markdown"),
    "html": _view("html"),
}


def comparison_parts(name: str, found: Comparison, frame: Frame) -> Iterator[Iterable[str]]:
    """The texts of a view, each in pieces; one, unless `frame.fit` asks Markdown for more."""
    if name == "markdown":
        from reconciler.views.compared import markdown

        for text in markdown.parts(found, frame):
            yield (text,)
    else:
        yield COMPARISON_FORMATS[name](found, frame)

"""The page put together: templates, style, script and rows, piece by piece."""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from reconciler.model import PlanDocument, ReportDocument
from reconciler.views import askers, tally, words
from reconciler.views.frame import Frame
from reconciler.views.html import assets, data, overview, paper, timeline
from reconciler.views.html.shown import escaped, sentence
from reconciler.views.html.story import PageRow, Story

_NOTHING_ELSE = "base-uri 'none'; form-action 'none'"


def pieces(plan: PlanDocument | None, report: ReportDocument | None, frame: Frame) -> Iterator[str]:
    """The page, in pieces."""
    story = Story.of(plan, report)
    view = overview.overview(story)
    template = _environment().get_template("page.html")
    yield from template.generate(
        story=story,
        plan=plan,
        report=report,
        frame=frame,
        view=view,
        time=timeline.timeline(report) if report else None,
        digest=report.plan if report else frame.digest,
        commands=_commands(plan, report, frame),
        policy=Markup(policy()),
        style=Markup(assets.style()),
    )
    yield from _data(story)
    yield f"<script>{assets.script()}</script>\n</body>\n</html>\n"


def _commands(
    plan: PlanDocument | None, report: ReportDocument | None, frame: Frame
) -> tuple[str, ...]:
    if report is not None:
        return words.commands_after(report, frame.saved)
    return words.next_commands(plan, frame.saved) if plan else ()


def static(template: str, **values: object) -> Iterator[str]:
    """A page without a script."""
    style = assets.style("base", "overview", "compared", "narrow", "print")
    policy_ = f"default-src 'none'; style-src {_digest(style)}; img-src data:; {_NOTHING_ELSE}"
    made = _environment().get_template(template)
    return made.generate(**values, policy=Markup(policy_), style=Markup(style))


def sentence_with(make: Callable[[Callable[[str], str]], str]) -> Markup:
    """A sentence of ours with foreign values in it, each of which *make* puts through its show."""
    return Markup(make(lambda text: f'<span class="foreign">{escaped(text)}</span>'))


def _data(story: Story) -> Iterator[str]:
    tables = data.Tables()
    yield '<script type="application/json" id="rows">['
    between = "\n"
    for row in data.rows(story, tables):
        yield between + data.dumps(row)
        between = ",\n"
    yield "\n]</script>\n"
    yield f'<script type="application/json" id="head">{data.dumps(tables.head(story))}</script>\n'


@cache
def policy() -> str:
    """What the page may do: use its own style, run its own script, and nothing else."""
    return (
        f"default-src 'none'; style-src {_digest(assets.style())};"
        f" script-src {_digest(assets.script())}; img-src data:; {_NOTHING_ELSE}"
    )


def _digest(text: str) -> str:
    made = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{made}'"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(lambda name: assets.text(f"templates/{name}")),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "said": _said,
        "n": _number,
        "minute": words.minute,
        "duration": words.duration,
    }
    made.globals |= {
        "askers": askers,
        "count": words.count,
        "link": overview.link,
        "rows": _rows,
        "tally": tally,
        "words": words,
        "AGES": data.AGES,
    }
    return made


def _shown(value: object) -> Markup:
    """Whatever a template prints, as people may see it and a page may hold it."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else escaped(str(value)))


def _rows(entries: Iterable[tuple[int, PageRow]], story: Story) -> Iterator[Markup]:
    for number, entry in entries:
        yield Markup(paper.row(number, entry, story))


def _said(text: str | None) -> Markup:
    """A sentence: what stands between backticks in it is code."""
    return Markup(sentence(text or ""))


def _number(value: int) -> str:
    return f"{value:,}"

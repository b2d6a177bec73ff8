"""The rows without a script, and on paper: every one, with all there is to say of it.

Written by hand and not by a template, because there are as many as there are campaigns.
"""

from collections.abc import Iterator

from reconciler.model import Action, TargetReport
from reconciler.views import words
from reconciler.views.html.shown import escaped, sentence
from reconciler.views.html.story import PageRow, Story

_MOST_PARTS = 100


def row(number: int, entry: PageRow, story: Story) -> str:
    """One row of the table; *number* is its place among all."""
    action = entry.action
    record = action.campaign if action else None
    lines = ", ".join(str(source.line) for source in entry.sources)
    cells = (
        str(entry.outcome or entry.kind),
        "<br>".join(_campaign(entry)),
        words.status(record),
        words.updated(record),
        "<br>".join([*(_said(action, story) if action else ()), *_happened(entry, story)]),
        lines,
    )
    return f'<tr data-n="{number}"><td>{"</td><td>".join(cells)}</td></tr>\n'


def _campaign(entry: PageRow) -> Iterator[str]:
    if entry.name is not None:
        yield escaped(entry.name)
    yield f"<code>{escaped(entry.id if entry.id is not None else '(no id)')}</code>"
    action = entry.action
    if action is not None and action.parts:
        shown = " ".join(escaped(one) for one in words.parts(action)[:_MOST_PARTS])
        hidden = len(action.parts) - _MOST_PARTS
        more = f" and {hidden:,} more" if hidden > 0 else ""
        noun = words.count(len(action.parts), words.parts_noun(action))
        yield f"{noun}: <code>{shown}</code>{more}"


def _said(action: Action, story: Story) -> Iterator[str]:
    mask = story.show.mask
    yield str(action.reason)
    if action.message:
        yield sentence(mask(action.message))
    if action.action == "refuse" and action.reason in words.LIFTS:
        yield f"To lift it: {sentence(words.LIFTS[action.reason])}."
    yield from map(escaped, words.looked_at(action))
    for one in action.waivers:
        said = f"{one.guard} is waived until {one.until}: {mask(one.because)} ({one.ticket})"
        yield escaped(said)


def _happened(entry: PageRow, story: Story) -> Iterator[str]:
    for target in entry.targets:
        yield _target(target, story)
        for sent in target.requests:
            answer = str(sent.status) if sent.status is not None else "no answer"
            said = f"{sent.at} {sent.method} {story.show.sentence(sent.url)}: {answer}"
            yield f"<code>{escaped(said)}</code>"
        if target.copy:
            yield f"copy kept: <code>{escaped(target.copy)}</code>"


def _target(target: TargetReport, story: Story) -> str:
    part = story.show.part(target)
    said = f"<code>{escaped(part)}</code> " if part is not None else ""
    said += f"<b>{target.outcome}</b>"
    if told := words.told(target, story.show):
        said += f": {sentence(told)}"
    return said + (f" ({target.evidence})" if target.evidence else "")

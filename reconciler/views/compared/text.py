"""What changed between two plans, as people read it in a terminal or a log."""

from collections.abc import Iterator, Sequence

from reconciler.model import PlanWarning, Violation
from reconciler.plan.compared import (
    AccountChange,
    ActionChange,
    ComparedPlan,
    Comparison,
    Effect,
    FieldChange,
)
from reconciler.safe import quoted, terminal
from reconciler.views import words
from reconciler.views.compared import said
from reconciler.views.frame import Frame
from reconciler.views.text.page import TextPage, identity, lines_of, word

_COUNTED = {"delete": "to delete", "refuse": "refused", "none": "untouched", "targets": "targets"}
_TINTS = {"added": "green", "gone": "red", "changed": "yellow"}


def view(found: Comparison, frame: Frame) -> Iterator[str]:
    """For a file or a log: no colour."""
    return lines(found, color=False, show_numbers=frame.show_numbers)


def lines(
    found: Comparison,
    *,
    color: bool,
    width: int = 100,
    show_numbers: bool = False,
    summary: bool = False,
) -> Iterator[str]:
    """Every line with its end. *summary*: only counts."""
    mask = said.mask_of(found, show_numbers=show_numbers)
    page = TextPage.of(color=color, width=width, show_numbers=show_numbers, mask=mask)
    for line in _lines(found, page, summary=summary):
        yield f"{line}\n"


def _lines(found: Comparison, page: TextPage, *, summary: bool) -> Iterator[str]:
    yield page.ink("What changed between two plans", "bold")
    yield from _plan("Before", found.before, page)
    yield from _plan("Now", found.after, page)
    yield from _accounts(found, page)
    if not summary:
        yield from _changes(found.changes, page)
        yield from _facts(found.facts, page)
    yield from _listed("came", found.came.warnings, page)
    yield from _listed("went", found.went.warnings, page)
    yield from _listed("came", found.came.violations, page)
    yield from _listed("went", found.went.violations, page)
    if found.moved:
        yield ""
        moved = words.count(found.moved, "action")
        yield from page.wrapped(f"{moved} asked for by another line, and else the same.", "dim")
    yield ""
    yield from page.wrapped(said.verdict(found), "bold")


def _plan(title: str, one: ComparedPlan, page: TextPage) -> Iterator[str]:
    about = one.metadata
    by = f" by {about.author}" if about.author else ""
    at = f" at commit {about.commit[:12]}" if about.commit else ""
    text = f"{title}: made {words.minute(about.created_at)}{by}{at}, for {about.project}."
    yield from page.wrapped(terminal(text), "dim", hanging="  ")
    yield from page.wrapped(f"  {terminal(one.digest)}", "dim")


# ---------------------------------------------------------------- counts


def _accounts(found: Comparison, page: TextPage) -> Iterator[str]:
    """A line an account in which something differs."""
    said_ = {name: _account(one) for name, one in found.accounts.items()}
    same = [name for name, text in said_.items() if not text]
    yield ""
    for name, text in said_.items():
        if text:
            yield from page.wrapped(f"{word(name)}: {text}", indent="  ", hanging="    ")
    if same:
        yield from page.wrapped(f"{words.count(len(same), 'account')} as before.", indent="  ")


def _account(one: AccountChange) -> str:
    counts = []
    for field, noun in _COUNTED.items():
        was, now = (getattr(side, field) if side else 0 for side in (one.before, one.after))
        if was != now:
            counts.append(f"{was:,} -> {now:,} {noun}")
    kinds = [
        f"{number:,} {kind}"
        for kind in ("added", "gone", "changed", "moved")
        if (number := getattr(one, kind))
    ]
    return "; ".join(filter(None, [", ".join(counts), ", ".join(kinds)]))


# ---------------------------------------------------------------- actions


def _changes(changes: Sequence[ActionChange], page: TextPage) -> Iterator[str]:
    effect: Effect | None = None
    account = ""
    for one in changes:
        if one.effect != effect:
            effect, account = one.effect, ""
            number = sum(other.effect is effect for other in changes)
            yield ""
            yield page.ink(f"{said.TITLES[effect]}: {number:,}", "bold")
        if one.now.account != account:
            account = one.now.account
            yield ""
            yield f"  {page.ink(word(account), 'bold', 'cyan')}"
        yield from _change(one, page)


def _change(one: ActionChange, page: TextPage) -> Iterator[str]:
    now = one.now
    sign = page.ink(said.SIGNS[one.kind], _TINTS[one.kind])
    title = quoted(now.name) if now.name is not None else ""
    asked = lines_of(now.sources)
    place = f"{terminal(now.sources[0].path)}, {asked}" if now.sources else ""
    yield f"  {sign} {identity(now.id)}"
    if title:
        yield from page.wrapped(title, indent="      ")
    row = "; ".join(filter(None, [said.became(one), place]))
    yield from page.wrapped(row, "dim", indent="      ")
    if one.kind != "changed" and now.message:
        yield from page.wrapped(page.sentence(now.message), indent="      ")
    for field in said.told(one):
        yield from _field(field, page)


def _field(field: FieldChange, page: TextPage, indent: str = "      ") -> Iterator[str]:
    values = said.values(field, lambda text: quoted(page.mask(text)))
    text = f"{terminal(said.name(field))}: {values}"
    yield from page.wrapped(text, indent=indent, hanging=f"{indent}  ")


# ---------------------------------------------------------------- the rest


def _facts(facts: Sequence[FieldChange], page: TextPage) -> Iterator[str]:
    if not facts:
        return
    yield ""
    yield page.ink("Around them", "bold")
    for one in facts:
        yield from _field(one, page, "  ")


def _listed(
    word_: str, some: Sequence[Violation] | Sequence[PlanWarning], page: TextPage
) -> Iterator[str]:
    if not some:
        return
    warning = isinstance(some[0], PlanWarning)
    title = words.count(len(some), "warning" if warning else "violation")
    yield ""
    yield page.ink(f"{title} {'new' if word_ == 'came' else 'no more'}", "bold")
    for one in some:
        where = f" ({terminal(said.where(one))})" if said.where(one) else ""
        text = f"{terminal(said.code(one))}{where}: {page.sentence(one.message)}"
        yield from page.wrapped(text, indent="  ", hanging="    ")

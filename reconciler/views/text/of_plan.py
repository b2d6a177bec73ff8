"""A plan as text: account by account, and in each the manifests that ask."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from reconciler.model import Action, PlanDocument
from reconciler.plan.guards.waivers import OF_ACCOUNTS
from reconciler.safe import terminal
from reconciler.views import words
from reconciler.views.askers import Asker, Askers
from reconciler.views.text.page import TextPage
from reconciler.views.text.rows import rows, waived


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """See `text.plan`."""

    color: bool
    width: int
    show_numbers: bool
    now: datetime | None
    everything: bool


def lines(plan: PlanDocument, options: Options) -> Iterator[str]:
    """Every line with its end."""
    mask = words.plan_masker(plan, show_numbers=options.show_numbers)
    page = TextPage.of(
        color=options.color, width=options.width, show_numbers=options.show_numbers, mask=mask
    )
    for line in _lines(plan, options, page):
        yield f"{line}\n"


def _lines(plan: PlanDocument, options: Options, page: TextPage) -> Iterator[str]:
    yield from head(plan, page)
    grouped = Askers(plan.inputs.manifests).grouped(plan.actions)
    by_account: dict[str, dict[Asker, list[Action]]] = {name: {} for name in plan.accounts}
    for asker, actions in grouped.items():
        by_account.setdefault(asker.account, {})[asker] = actions
    now = options.now or words.instant(plan.metadata.created_at)
    for name in sorted(by_account):
        yield ""
        yield from _account(plan, name, by_account[name], page, now=now)
        for asker, actions in by_account[name].items():
            yield from _asked(asker, actions, page, everything=options.everything)
    yield from _warnings(plan, page)
    yield from violations(plan, page)
    yield ""
    yield from conclusion(plan, page)


def head(plan: PlanDocument, page: TextPage) -> Iterator[str]:
    """What is planned, when and by whom."""
    about = plan.metadata
    yield page.ink(f"Plan for {terminal(about.project)}", "bold")
    made = f"Made {words.minute(about.created_at)}"
    if about.author:
        made += f" by {about.author}"
    if about.commit:
        made += f" at commit {about.commit[:12]}"
    made += f"; expires {words.minute(about.expires_at)}."
    yield from page.wrapped(terminal(made), "dim", hanging="  ")


def _account(
    plan: PlanDocument,
    name: str,
    asked: dict[Asker, list[Action]],
    page: TextPage,
    *,
    now: datetime | None,
) -> Iterator[str]:
    facts = plan.accounts.get(name)
    actions = [action for some in asked.values() for action in some]
    driver = facts.driver if facts else (actions[0].driver if actions else "")
    yield f"{page.ink(terminal(name), 'bold', 'cyan')} {page.ink(f'({terminal(driver)})', 'dim')}"
    if facts is not None:
        said = f"Inventory: {words.inventory(facts, now)}"
        yield from page.wrapped(terminal(said), "dim", indent="  ")
        if facts.instead:
            said = f"A deletion there {facts.instead}."
            yield from page.wrapped(terminal(said), "yellow", indent="  ")
    yield from page.wrapped(_account_sum(plan, name, actions), indent="  ")
    for waiver in dict.fromkeys(one for action in actions for one in action.waivers):
        if waiver.guard in OF_ACCOUNTS:
            yield from page.wrapped(waived(waiver, page), indent="  ")


def _asked(
    asker: Asker, actions: Sequence[Action], page: TextPage, *, everything: bool
) -> Iterator[str]:
    """What one manifest asks for. What is left untouched is only counted, if not *everything*."""
    shown = [one for one in actions if everything or one.action != "none"]
    if not shown:
        return
    yield ""
    yield from page.asker(asker)
    yield from _by_reason([one for one in shown if one.action == "delete"], "Delete", page)
    yield from _refusals([one for one in shown if one.action == "refuse"], page)
    yield from _by_reason([one for one in shown if one.action == "none"], "Untouched", page)


def _by_reason(actions: Sequence[Action], word: str, page: TextPage) -> Iterator[str]:
    """Actions of one reason stand under one heading."""
    groups: dict[str, list[Action]] = {}
    for action in actions:
        groups.setdefault(str(action.reason), []).append(action)
    tint = "bold" if word == "Delete" else "dim"
    for reason, group in groups.items():
        yield ""
        yield page.ink(f"  {word}, {reason}: {len(group):,}", tint)
        yield from rows(group, page)


def _account_sum(plan: PlanDocument, account: str, actions: Sequence[Action]) -> str:
    counts = plan.summary.accounts.get(account)
    if counts is None or not (counts.delete or counts.refuse or counts.none):
        return "Nothing is asked of it."
    said = [f"{counts.delete:,} to delete"]
    if counts.targets != counts.delete:
        said[0] += f" ({words.count(counts.targets, 'target')})"
    if counts.refuse:
        said.append(f"{counts.refuse:,} refused")
    if counts.none:
        reasons = Counter(str(one.reason) for one in actions if one.action == "none")
        why = ", ".join(f"{number:,} {reason}" for reason, number in sorted(reasons.items()))
        said.append(f"{counts.none:,} untouched" + (f" ({why})" if why else ""))
    cost = plan.estimate.accounts.get(account)
    if cost is not None and cost.requests:
        said.append(f"{words.count(cost.requests, 'request')}, {_about(cost.seconds)}")
    return "; ".join(said) + "."


def _about(seconds: int) -> str:
    return f"about {words.duration(seconds)}" if seconds else "under 1 s"


def _refusals(actions: Sequence[Action], page: TextPage) -> Iterator[str]:
    """Refusals that say the same stand under one heading."""
    by_words: dict[tuple[str, str], list[Action]] = {}
    for action in actions:
        by_words.setdefault((str(action.reason), action.message or ""), []).append(action)
    for (reason, message), group in by_words.items():
        heading = f"Refused, {reason}" + (f": {page.sentence(message)}" if message else "")
        yield ""
        yield from page.wrapped(heading, "yellow", indent="  ")
        way_out = words.LIFTS.get(group[0].reason)
        if way_out:
            yield from page.wrapped(f"To lift it: {way_out}.", "dim", indent="  ")
        yield from rows(group, page, said=message)


def _warnings(plan: PlanDocument, page: TextPage) -> Iterator[str]:
    if not plan.warnings:
        return
    yield ""
    yield page.ink(words.count(len(plan.warnings), "warning").capitalize(), "bold")
    for warning in plan.warnings:
        where = terminal(warning.path or "")
        if where and warning.line is not None:
            where += f":{warning.line}"
        said = terminal(warning.code) + (f" ({where})" if where else "")
        said += f": {page.sentence(warning.message)}"
        yield from page.wrapped(said, indent="  ", hanging="    ")


def violations(plan: PlanDocument, page: TextPage) -> Iterator[str]:
    """What forbids to apply the plan, and how to lift it."""
    if not plan.violations:
        return
    said = words.count(len(plan.violations), "violation")
    yield ""
    yield page.ink(f"This plan cannot be applied: {said}", "bold", "red")
    for one in plan.violations:
        where = f" ({terminal(one.account)})" if one.account else ""
        text = f"{terminal(one.guard)}{where}: {page.sentence(one.message)}"
        yield from page.wrapped(text, "red", indent="  ", hanging="    ")
        if way_out := words.lifts(one):
            yield from page.wrapped(f"To lift it: {way_out}.", "dim", indent="    ")


def conclusion(plan: PlanDocument, page: TextPage) -> Iterator[str]:
    """The totals, where a terminal leaves the eye."""
    if words.nothing(plan):
        yield from page.wrapped(words.unchanged(plan), "bold", "green")
        return
    said = f"Plan: {words.headline(plan)}."
    if plan.estimate.requests:
        requests = words.count(plan.estimate.requests, "request")
        said += f" {requests}, {_about(plan.estimate.seconds)}."
    yield from page.wrapped(said, "bold")
    if plan.approvals.required:
        because = plan.approvals.because
        why = f" ({page.sentence(because)})" if because else ""
        needed = f"Approvals needed: {plan.approvals.required}{why}."
        yield from page.wrapped(needed, hanging="  ")

"""A plan as text: account by account, and in each the manifests that ask."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from reconciler.model import PlanDocument, Reason
from reconciler.plan.guards.waivers import OF_ACCOUNTS
from reconciler.safe import terminal
from reconciler.views import words
from reconciler.views.askers import Asker
from reconciler.views.text.cells import waived
from reconciler.views.text.groups import AccountRows, ByWords, TextGroups
from reconciler.views.text.page import TextPage


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """See `text.plan`."""

    color: bool
    width: int
    show_numbers: bool
    now: datetime | None
    everything: bool


def lines(plan: PlanDocument, options: Options) -> Iterator[str]:
    """Whole lines, each with its end; several to a piece."""
    mask = words.plan_masker(plan, show_numbers=options.show_numbers)
    page = TextPage.of(
        color=options.color, width=options.width, show_numbers=options.show_numbers, mask=mask
    )
    for line in _lines(plan, options, page):
        yield f"{line}\n"


def _lines(plan: PlanDocument, options: Options, page: TextPage) -> Iterator[str]:
    yield from head(plan, page)
    groups = TextGroups.of(plan, page, everything=options.everything)
    now = options.now or words.instant(plan.metadata.created_at)
    for name in sorted({*plan.accounts, *groups.accounts}):
        yield ""
        yield from _account(plan, name, groups.accounts.get(name) or AccountRows(), page, now=now)
        for asker in groups.askers(name):
            yield from _asked(asker, groups, page, everything=options.everything)
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
    known: AccountRows,
    page: TextPage,
    *,
    now: datetime | None,
) -> Iterator[str]:
    facts = plan.accounts.get(name)
    driver = facts.driver if facts else known.driver
    yield f"{page.ink(terminal(name), 'bold', 'cyan')} {page.ink(f'({terminal(driver)})', 'dim')}"
    if facts is not None:
        said = f"Inventory: {words.inventory(facts, now)}"
        yield from page.wrapped(terminal(said), "dim", indent="  ")
        if facts.instead:
            said = f"A deletion there {facts.instead}."
            yield from page.wrapped(terminal(said), "yellow", indent="  ")
    yield from page.wrapped(_account_sum(plan, name, known), indent="  ")
    for waiver in known.waivers:
        if waiver.guard in OF_ACCOUNTS:
            yield from page.wrapped(waived(waiver, page), indent="  ")


def _asked(asker: Asker, groups: TextGroups, page: TextPage, *, everything: bool) -> Iterator[str]:
    """What one manifest asks for. What is left untouched is only counted, if not *everything*."""
    deletes, refusals, nones = (groups.rows(asker, kind) for kind in ("delete", "refuse", "none"))
    if not (deletes or refusals or (nones and everything)):
        return
    yield ""
    yield from page.asker(asker)
    yield from _by_reason(deletes, "Delete", page)
    yield from _refusals(refusals, page)
    if everything:
        yield from _by_reason(nones, "Untouched", page)


def _by_reason(groups: ByWords, word: str, page: TextPage) -> Iterator[str]:
    """Actions of one reason stand under one heading."""
    tint = "bold" if word == "Delete" else "dim"
    for (reason, _), group in groups.items():
        yield ""
        yield page.ink(f"  {word}, {reason}: {group.count:,}", tint)
        yield from group.lines(page)


def _account_sum(plan: PlanDocument, account: str, known: AccountRows) -> str:
    counts = plan.summary.accounts.get(account)
    if counts is None or not (counts.delete or counts.refuse or counts.none):
        return "Nothing is asked of it."
    said = [f"{counts.delete:,} to delete"]
    if counts.targets != counts.delete:
        said[0] += f" ({words.count(counts.targets, 'target')})"
    if counts.refuse:
        said.append(f"{counts.refuse:,} refused")
    if counts.none:
        reasons = sorted(known.untouched.items())
        why = ", ".join(f"{number:,} {reason}" for reason, number in reasons)
        said.append(f"{counts.none:,} untouched" + (f" ({why})" if why else ""))
    cost = plan.estimate.accounts.get(account)
    if cost is not None and cost.requests:
        said.append(f"{words.count(cost.requests, 'request')}, {_about(cost.seconds)}")
    return "; ".join(said) + "."


def _about(seconds: int) -> str:
    return f"about {words.duration(seconds)}" if seconds else "under 1 s"


def _refusals(groups: ByWords, page: TextPage) -> Iterator[str]:
    """Refusals that say the same stand under one heading."""
    for (reason, message), group in groups.items():
        heading = f"Refused, {reason}" + (f": {page.sentence(message)}" if message else "")
        yield ""
        yield from page.wrapped(heading, "yellow", indent="  ")
        way_out = words.LIFTS.get(Reason(reason))
        if way_out:
            yield from page.wrapped(f"To lift it: {way_out}.", "dim", indent="  ")
        yield from group.lines(page)


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

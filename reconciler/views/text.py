"""Plans, reports and dry runs as text for people, for a terminal of any width.

Whatever is foreign is escaped, names stand in quotes, ids are never shortened.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec

from reconciler.model import Action, Outcome, Plan, Report, Source, TargetReport, WaiverUse
from reconciler.plan.guards.waivers import OF_ACCOUNTS
from reconciler.safe import quoted, terminal
from reconciler.views import words
from reconciler.views.layout import Ink, cells, elide, listing, pad, widest, wrap

_PLAIN_ID = re.compile(r"[A-Za-z0-9._~-]+")
_LEAST_NAME = 28  # with less room for the name, a row takes two lines
_MOST_PLACE = 44
_MOST_PENDING = 10
_SIGNS = {"delete": ("-", "red"), "refuse": ("!", "yellow"), "none": ("=", "dim")}


class _Page(msgspec.Struct, frozen=True):
    """How a page is drawn: colours, width, and how numbers are shown."""

    ink: Ink
    width: int
    show_numbers: bool
    mask: Callable[[str], str]

    def sentence(self, text: str) -> str:
        return terminal(self.mask(text))


def plain_plan(plan_: Plan, digest: str) -> str:
    """The plan for a file or a log: no colour, everything told, its digest at the end."""
    return f"{plan(plan_, color=False, everything=True)}\nPlan {terminal(digest)}\n"


def plain_report(report_: Report, digest: str) -> str:
    """The report for a file or a log: no colour, everything told."""
    del digest  # the report names its plan
    return report(report_, None, color=False, everything=True)


# ---------------------------------------------------------------- plan


def plan(
    plan: Plan,
    *,
    color: bool,
    width: int = 100,
    show_numbers: bool = False,
    now: datetime | None = None,
    everything: bool = False,
) -> str:
    """The plan as people read it before they say yes; ends with a newline.

    *width* in cells. *now* turns the inventory's time into an age; without it the plan's own time
    counts. *everything* also lists what is left untouched (absent, kept, expired).
    """
    mask = words.plan_masker(plan, show_numbers=show_numbers)
    page = _Page(Ink(color), max(width, 40), show_numbers, mask)
    now = now or words.instant(plan.metadata.created_at)
    lines = _head(plan, page)
    by_account = {
        account: tuple(actions)
        for account, actions in groupby(
            sorted(plan.actions, key=lambda one: one.account), lambda one: one.account
        )
    }
    for account in sorted({*plan.accounts, *by_account}):
        lines += [
            "",
            *_account(
                plan, account, by_account.get(account, ()), page, now=now, everything=everything
            ),
        ]
    lines += _warnings(plan, page)
    lines += _violations(plan, page)
    lines += ["", *_conclusion(plan, page)]
    return "\n".join(lines) + "\n"


def _head(plan: Plan, page: _Page) -> list[str]:
    about = plan.metadata
    title = page.ink(f"Plan for {terminal(about.project)}", "bold")
    made = f"Made {words.minute(about.created_at)}"
    if about.author:
        made += f" by {terminal(about.author)}"
    if about.commit:
        made += f" at commit {terminal(about.commit[:12])}"
    made += f"; expires {words.minute(about.expires_at)}."
    return [title, *(page.ink(line, "dim") for line in wrap(terminal(made), page.width, "", "  "))]


def _account(
    plan: Plan,
    account: str,
    actions: Sequence[Action],
    page: _Page,
    *,
    now: datetime | None,
    everything: bool,
) -> list[str]:
    facts = plan.accounts.get(account)
    driver = facts.driver if facts else (actions[0].driver if actions else "")
    name = page.ink(terminal(account), "bold", "cyan")
    lines = [f"{name} {page.ink(f'({terminal(driver)})', 'dim')}"]
    if facts is not None:
        said = f"Inventory: {words.inventory(facts, now)}"
        lines += [page.ink(line, "dim") for line in wrap(terminal(said), page.width, "  ")]
    lines += wrap(_account_sum(plan, account, actions), page.width, "  ")
    for waiver in dict.fromkeys(one for action in actions for one in action.waivers):
        if waiver.guard in OF_ACCOUNTS:
            lines += wrap(_waived(waiver, page), page.width, "  ")
    lines += _by_reason([one for one in actions if one.action == "delete"], "Delete", page)
    lines += _refusals([one for one in actions if one.action == "refuse"], page)
    if everything:
        lines += _by_reason([one for one in actions if one.action == "none"], "Untouched", page)
    return lines


def _by_reason(actions: Sequence[Action], word: str, page: _Page) -> list[str]:
    """Actions of one reason stand under one heading."""
    groups: dict[str, list[Action]] = {}
    for action in actions:
        groups.setdefault(str(action.reason), []).append(action)
    tint = "bold" if word == "Delete" else "dim"
    lines: list[str] = []
    for reason, group in groups.items():
        lines += ["", page.ink(f"  {word}, {reason}: {len(group):,}", tint), *_rows(group, page)]
    return lines


def _account_sum(plan: Plan, account: str, actions: Sequence[Action]) -> str:
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


def _refusals(actions: Sequence[Action], page: _Page) -> list[str]:
    """Refusals that say the same stand under one heading."""
    lines: list[str] = []
    by_words: dict[tuple[str, str], list[Action]] = {}
    for action in actions:
        by_words.setdefault((str(action.reason), action.message or ""), []).append(action)
    for (reason, message), group in by_words.items():
        heading = f"Refused, {reason}" + (f": {page.sentence(message)}" if message else "")
        lines += ["", *(page.ink(li, "yellow") for li in wrap(heading, page.width, "  "))]
        way_out = words.LIFTS.get(group[0].reason)
        if way_out:
            hint = wrap(f"To lift it: {way_out}.", page.width, "  ")
            lines += [page.ink(line, "dim") for line in hint]
        lines += _rows(group, page, said=message)
    return lines


class _Row(msgspec.Struct, frozen=True):
    sign: str
    style: str
    id: str
    name: str
    status: str
    updated: str
    place: str
    notes: tuple[str, ...]


def _rows(actions: Iterable[Action], page: _Page, *, said: str | None = None) -> list[str]:
    """*said*: a message the heading has given already."""
    rows = [_row(action, page, said) for action in actions]
    widths = {
        column: widest([getattr(row, column) for row in rows])
        for column in ("id", "status", "updated", "place")
    }
    taken = 4 + sum(widths.values()) + 2 * sum(1 for width in widths.values() if width)
    longest = widest([row.name for row in rows])
    room = page.width - taken
    if room >= min(longest, _LEAST_NAME):
        return _one_line_each(rows, widths, min(room, longest), page)
    return _two_lines_each(rows, widths, page)


def _one_line_each(
    rows: Sequence[_Row], widths: Mapping[str, int], room: int, page: _Page
) -> list[str]:
    lines: list[str] = []
    for row in rows:
        line = [f"  {page.ink(row.sign, row.style)} {pad(row.id, widths['id'])}"]
        if room:
            line.append(pad(_short(row.name, room), room))
        for column in ("status", "updated", "place"):
            if widths[column]:
                line.append(page.ink(pad(getattr(row, column), widths[column]), "dim"))
        lines.append("  ".join(line).rstrip())
        lines += _notes(row, page)
    return lines


def _two_lines_each(rows: Sequence[_Row], widths: Mapping[str, int], page: _Page) -> list[str]:
    lines: list[str] = []
    room = max(page.width - 8 - widths["place"], _LEAST_NAME)
    longest = min(widest([row.name for row in rows]), room)
    for row in rows:
        facts = "  ".join(filter(None, (pad(row.status, widths["status"]), row.updated))).rstrip()
        tail = f"  {page.ink(facts, 'dim')}" if facts else ""
        lines.append(f"  {page.ink(row.sign, row.style)} {pad(row.id, widths['id'])}{tail}")
        name = pad(_short(row.name, longest), longest)
        lines.append(f"      {name}  {page.ink(row.place, 'dim')}".rstrip())
        lines += _notes(row, page)
    return [line.rstrip() for line in lines]


def _notes(row: _Row, page: _Page) -> list[str]:
    return [line for note in row.notes for line in wrap(note, page.width, "      ")]


def _row(action: Action, page: _Page, said: str | None) -> _Row:
    sign, style = _SIGNS[action.action]
    notes: list[str] = []
    if action.parts:
        notes.append(_parts(action, page))
    if action.message and action.message != said:
        notes.append(f"Note: {page.sentence(action.message)}")
    # What is waived for the whole account is said above, once.
    notes += [_waived(one, page) for one in action.waivers if one.guard not in OF_ACCOUNTS]
    return _Row(
        sign=sign,
        style=style,
        id=_id(action.id),
        name=quoted(action.name) if action.name is not None else "",
        status=words.status(action.campaign),
        updated=words.updated(action.campaign),
        place=_place(action.sources),
        notes=tuple(notes),
    )


def _waived(waiver: WaiverUse, page: _Page) -> str:
    return (
        f"{terminal(waiver.guard)} is waived until {terminal(waiver.until)}:"
        f" {quoted(page.mask(waiver.because))} ({terminal(waiver.ticket)})"
    )


def _parts(action: Action, page: _Page) -> str:
    shown = [terminal(one) for one in words.parts(action, show_numbers=page.show_numbers)]
    head = words.count(len(shown), words.parts_noun(action))
    if page.show_numbers:
        return f"{head}: {', '.join(shown)}"
    return f"{head}: {listing(shown, page.width - cells(head) - 8)}"


def _place(sources: Sequence[Source]) -> str:
    if not sources:
        return ""
    more = f" +{len(sources) - 1}" if len(sources) > 1 else ""
    return f"{_path(sources[0].path)}:{sources[0].line}{more}"


@lru_cache(64)
def _path(path: str) -> str:
    return elide(terminal(path), _MOST_PLACE)


def _id(text: str | None) -> str:
    if text is None:
        return "(no id)"
    return text if _PLAIN_ID.fullmatch(text) else quoted(text)


def _short(name: str, width: int) -> str:
    """A quoted name in *width* cells, its quotes kept."""
    return name if cells(name) <= width else f'"{elide(name[1:-1], width - 2)}"'


def _warnings(plan: Plan, page: _Page) -> list[str]:
    if not plan.warnings:
        return []
    lines = ["", page.ink(words.count(len(plan.warnings), "warning").capitalize(), "bold")]
    for warning in plan.warnings:
        where = terminal(warning.path or "")
        if where and warning.line is not None:
            where += f":{warning.line}"
        head = terminal(warning.code) + (f" ({where})" if where else "")
        lines += wrap(f"{head}: {page.sentence(warning.message)}", page.width, "  ", "    ")
    return lines


def _violations(plan: Plan, page: _Page) -> list[str]:
    if not plan.violations:
        return []
    said = words.count(len(plan.violations), "violation")
    lines = ["", page.ink(f"This plan cannot be applied: {said}", "bold", "red")]
    for violation in plan.violations:
        where = f" ({terminal(violation.account)})" if violation.account else ""
        text = f"{terminal(violation.guard)}{where}: {page.sentence(violation.message)}"
        lines += [page.ink(line, "red") for line in wrap(text, page.width, "  ", "    ")]
    return lines


def _conclusion(plan: Plan, page: _Page) -> list[str]:
    if words.nothing(plan):
        said = words.unchanged(plan)
        return [page.ink(line, "bold", "green") for line in wrap(said, page.width)]
    said = f"Plan: {words.headline(plan)}."
    if plan.estimate.requests:
        requests = words.count(plan.estimate.requests, "request")
        said += f" {requests}, {_about(plan.estimate.seconds)}."
    lines = [page.ink(line, "bold") for line in wrap(said, page.width)]
    if plan.approvals.required:
        because = plan.approvals.because
        why = f" ({page.sentence(because)})" if because else ""
        needed = f"Approvals needed: {plan.approvals.required}{why}."
        lines += wrap(needed, page.width, "", "  ")
    return lines


# ---------------------------------------------------------------- report

_ORDER = tuple(words.OUTCOMES)
_OUTCOME_STYLE = {
    Outcome.DELETED: ("-", "red"),
    Outcome.ALREADY_ABSENT: ("=", "dim"),
    Outcome.REFUSED: ("!", "yellow"),
    Outcome.DRIFTED: ("~", "yellow"),
    Outcome.PENDING: ("…", "dim"),
    Outcome.IN_DOUBT: ("?", "red"),
}


def report(
    report: Report,
    plan: Plan | None = None,
    *,
    color: bool,
    width: int = 100,
    show_numbers: bool = False,
    everything: bool = False,
) -> str:
    """What an apply did, account by account; ends with a newline.

    What is gone is counted and, with *everything*, listed; anything else is always listed.
    *plan* tells messages from phone numbers among the parts, and the drivers' names.
    """
    show = words.Shown.of_report(report, plan, show_numbers=show_numbers)
    page = _Page(Ink(color), max(width, 40), show_numbers, show.mask)
    lines = [page.ink("Report", "bold"), f"Plan {terminal(report.plan)}"]
    lines += [page.ink(line, "dim") for line in wrap(_span(report), page.width)]
    for account in dict.fromkeys(target.account for target in report.targets):
        targets = [one for one in report.targets if one.account == account]
        lines += [
            "",
            *_account_report(account, targets, plan, page, show=show, everything=everything),
        ]
    if report.notes:
        lines.append("")
        for note in report.notes:
            lines += wrap(f"Note: {page.sentence(note)}", page.width, "", "  ")
    lines += ["", *_report_conclusion(report, page)]
    return "\n".join(lines) + "\n"


def _span(report: Report) -> str:
    start, end = words.instant(report.started_at), words.instant(report.ended_at)
    took = f", {words.duration((end - start).total_seconds())}" if start and end else ""
    return f"Started {terminal(words.minute(report.started_at))}{took}."


def _account_report(
    account: str,
    targets: Sequence[TargetReport],
    plan: Plan | None,
    page: _Page,
    *,
    show: words.Shown,
    everything: bool,
) -> list[str]:
    facts = plan.accounts.get(account) if plan else None
    driver = f" {page.ink(f'({terminal(facts.driver)})', 'dim')}" if facts else ""
    lines = [f"{page.ink(terminal(account), 'bold', 'cyan')}{driver}"]
    by_outcome = Counter(str(target.outcome) for target in targets)
    said = ", ".join(f"{by_outcome[one]:,} {one}" for one in _ORDER if by_outcome[one])
    lines += wrap(f"{said}.", page.width, "  ")
    for outcome in Outcome:
        found = [target for target in targets if target.outcome is outcome]
        if found and (everything or not outcome.final):
            lines += _outcome_rows(outcome, found, page, show, everything)
    return lines


def _outcome_rows(
    outcome: Outcome,
    targets: Sequence[TargetReport],
    page: _Page,
    show: words.Shown,
    everything: bool,
) -> list[str]:
    sign, style = _OUTCOME_STYLE[outcome]
    lines: list[str] = []
    by_detail: dict[str, list[TargetReport]] = {}
    for target in targets:
        by_detail.setdefault(target.detail or "", []).append(target)
    for detail, group in by_detail.items():
        heading = str(outcome).capitalize() + (f": {page.sentence(detail)}" if detail else "")
        tint = () if style == "dim" else (style,)
        lines.append("")
        lines += [page.ink(li, *tint) if tint else li for li in wrap(heading, page.width, "  ")]
        most = _MOST_PENDING if outcome is Outcome.PENDING and not everything else len(group)
        for target in group[:most]:
            lines += _target_row(target, sign, style, page, show)
        if len(group) > most:
            more = f"    and {len(group) - most:,} more (--format json lists every target)"
            lines.append(page.ink(more, "dim"))
    return lines


def _target_row(
    target: TargetReport, sign: str, style: str, page: _Page, show: words.Shown
) -> list[str]:
    shown = _id(target.id)
    if target.part is not None:
        shown += f"  #{terminal(show.part(target) or '')}"
    head = f"  {page.ink(sign, style)} {shown}"
    room = page.width - cells(shown) - 6
    lines = [head]
    if target.name is not None:
        name = quoted(target.name)
        if room >= cells(name):
            lines = [f"{head}  {_short(name, room)}"]
        else:
            lines.append(f"      {_short(name, page.width - 6)}")
    if target.requests and not target.outcome.final:
        last = target.requests[-1]
        answer = f"answered {last.status}" if last.status is not None else "no answer"
        tried = f"{words.count(target.attempts, 'attempt')}, the last at {terminal(last.at)}:"
        said = f"{tried} {terminal(last.method)} {page.sentence(last.url)}, {answer}"
        lines += [page.ink(line, "dim") for line in wrap(said, page.width, "      ")]
    return lines


def _report_conclusion(report: Report, page: _Page) -> list[str]:
    said = ", ".join(
        f"{report.summary.get(one, 0):,} {one}" for one in _ORDER if report.summary.get(one)
    )
    done = report.exit_code == 0
    lines = [
        page.ink(line, "bold", *(("green",) if done else ()))
        for line in wrap(f"Result: {said or 'nothing was left to do'}.", page.width)
    ]
    way_on = words.NEXT.get(report.exit_code)
    return lines + (wrap(way_on, page.width) if way_on else [])


# ---------------------------------------------------------------- dry run


def dry_run(document: Mapping[str, Any], *, color: bool, width: int = 100) -> str:
    """The requests of a DryRun document (spec §5.5), in order; numbers are whole, secrets `***`."""
    ink = Ink(color)
    requests: Sequence[Mapping[str, Any]] = document.get("requests", ())
    lines: list[str] = []
    account: object = None
    for number, request in enumerate(requests, 1):
        if request.get("account") != account:
            account = request.get("account")
            lines += (
                ["", ink(terminal(str(account)), "bold", "cyan")]
                if lines
                else [ink(terminal(str(account)), "bold", "cyan")]
            )
        lines += _dry_request(number, request, ink, width)
    deletions = sum(not request.get("ifNeeded") for request in requests)
    said = f"Dry run: {words.count(deletions, 'request')}"
    if deletions != len(requests):
        said += f" and {words.count(len(requests) - deletions, 'token request')} if needed"
    return "\n".join([*lines, *([""] if lines else []), f"{said}. Nothing was sent.", ""])


def _dry_request(number: int, request: Mapping[str, Any], ink: Ink, width: int) -> list[str]:
    needed = ink("  (if needed)", "dim") if request.get("ifNeeded") else ""
    method, url = terminal(str(request.get("method"))), terminal(str(request.get("url")))
    lines = [f"  {number}. {ink(method, 'bold')} {url}{needed}"]
    headers: Mapping[str, Any] = request.get("headers") or {}
    for name, value in headers.items():
        lines.append(ink(f"       {terminal(str(name))}: {terminal(str(value))}", "dim"))
    if request.get("body") is not None:
        body = terminal(json.dumps(request["body"], ensure_ascii=False))
        lines += wrap(body, width, "       ")
    targets = [terminal(str(one)) for one in request.get("targets") or ()]
    if targets:
        lines += wrap(f"for {', '.join(targets)}", width, "       ", "         ")
    return lines

"""What several views say in the same words: counts, times, places, numbers, ways out."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from shlex import quote

import msgspec

from reconciler.model import (
    Action,
    Campaign,
    Held,
    Outcome,
    PlanAccount,
    PlanDocument,
    Reason,
    ReportDocument,
    Source,
    Status,
    Target,
    TargetReport,
    Violation,
)
from reconciler.plan.guards.lifts import LIFTS_OF_PLANS
from reconciler.plan.lines import phone_numbers
from reconciler.plan.spool import holding
from reconciler.safe import mask_number, mask_part

Mask = Callable[[str], str]

LIFTS: dict[Reason, str] = {
    Reason.PROTECTED: "a waiver of `protected` for this campaign, or another `protect` rule",
    Reason.KEPT: "let the inventory say what the keep asks for (`fields` of its header, a"
    " column), or write the keep so that the inventory can answer it",
    Reason.RUNNING: "stop it and take the inventory again, or waive `running` for it",
    Reason.AMBIGUOUS: "ask for it by id, or give it a name no other campaign has",
    Reason.EXPECTATION: "correct `expect` or `match` in the manifest",
    Reason.METADATA: "complete the manifest's metadata",
    Reason.INVENTORY_INCOMPLETE: "take a complete inventory of the account",
    Reason.NUMBERS_MISSING: "list its phoneNumbers in the absence or in the inventory",
    Reason.UNSAFE_ID: "nothing here: such an id cannot be sent safely; delete it at the vendor",
    Reason.UNSUPPORTED: "nothing here: the driver does not promise it; delete it at the vendor",
}

OUTCOMES = ("deleted", "already-absent", "refused", "drifted", "pending", "in-doubt")

# What lets a target go that was not deleted, by what holds it back; else as the plan says it.
_LIFTS_OF_HELD: dict[Held, str | None] = {
    Held.WITHDRAWN: None,  # it need not go any more
    Held.CHANGED: "look at what changed; take the inventory again, and plan anew if it shall still"
    " go",
    Held.ANOTHER: "nothing here: this is another campaign; plan anew if it shall go too",
    Held.KEPT: "take it out of what the `keep` finds",
    Held.RUNNING: "stop it at the vendor and take the inventory again, or waive `running` for it",
    Held.RESURRECTED: "waive `resurrected` for it, or ask for it by an absence that did not before",
    Held.UNKNOWN: "let the inventory say what the exception asks for, or ask for it by another",
    Held.UNCONFIRMED: "check project, key and version; if it is gone at the vendor, take the"
    " inventory again",
    Held.LISTED: "look at it in the vendor's console, and delete it there if it may not be reached"
    " by its id",
    Held.LEFT_OUT: "apply again without it",
    Held.LIMIT: "apply again: it goes on where it ended",
    Held.NOT_SEEN: "see what `reconciler doctor` says of the account, then apply again",
    Held.NO_COPY: "apply again when the vendor shows it, or write `keepCopy: true` for the account",
    Held.WINDOW: "apply again when it opens",
    Held.STOPPED: None,  # the detail says it
}
# Where that says nothing.
_LIFTS_OF_OUTCOMES = {
    Outcome.REFUSED: "mend what the vendor says, there or in the project, and apply again; or"
    " delete it at the vendor",
    Outcome.DRIFTED: "take the inventory again, and plan anew if it shall still go",
    Outcome.PENDING: "apply again: it is judged anew, and what is done is not repeated",
    Outcome.IN_DOUBT: "reconciler settle looks; or say what you know: reconciler settle --as",
}


def way_out(outcome: Outcome, held: Held | None) -> str | None:
    """What lets a target go that an apply left alone; None where its detail says so already, and
    of what is gone or need not go.

    *held*: what holds it back, as the report has it.
    """
    if held is None or outcome.final or outcome is Outcome.IN_DOUBT:
        return _LIFTS_OF_OUTCOMES.get(outcome)
    if held in _LIFTS_OF_HELD:
        return _LIFTS_OF_HELD[held]
    return LIFTS[Reason(held.value)]


def told(target: TargetReport, show: "Masking") -> str:
    """What is said of a target that was not deleted: its detail, and what lets it go."""
    said = show.sentence(target.detail or "")
    way = way_out(target.outcome, target.reason)
    return ". ".join(filter(None, (said, way and f"To lift it: {way}")))


NEXT: dict[int, str] = {
    1: "The run could not go on. What is known is in the journal; run apply again.",
    3: "A window closed. Run apply again when it opens; what is done is not repeated.",
    6: "Run settle to find out what became of the targets in doubt; they are not sent again"
    " blindly.",
    129: "Interrupted. Run apply again: what is done is not repeated.",
    130: "Interrupted. Run apply again: what is done is not repeated.",
    143: "Interrupted. Run apply again: what is done is not repeated.",
}


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 request`, `12,000 requests`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Two units at most: `12 s`, `1 min 30 s`, `2 h 5 min`, `3 d 4 h`."""
    left = max(round(seconds), 0)
    for size, unit, small, small_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if left >= size:
            rest = left % size // small
            return f"{left // size:,} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{left} s"


def instant(text: str | None) -> datetime | None:
    """An RFC 3339 time of a plan or report; None if it is none."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def minute(text: str | None) -> str:
    """`2026-11-20 08:00 UTC`; an unreadable time stays as it is, none is `unknown`."""
    read = instant(text)
    if read is None:
        return text or "unknown"
    return f"{read.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(report: ReportDocument) -> str:
    """`started 2026-11-20 09:00 UTC, took 1 min 35 s`."""
    start, end = instant(report.started_at), instant(report.ended_at)
    took = f", took {duration((end - start).total_seconds())}" if start and end else ""
    return f"started {minute(report.started_at)}{took}"


def inventory(account: PlanAccount, now: datetime | None) -> str:
    """How old and how complete an account's inventory is."""
    captured = instant(account.captured_at)
    if captured is None:
        age = "age unknown"
    elif now is None:
        age = f"from {minute(account.captured_at)}"
    else:
        seconds = (now - captured).total_seconds()
        age = f"{duration(seconds)} old" if seconds >= 0 else f"from {minute(account.captured_at)}"
    whole = "complete" if account.complete else "partial"
    return f"{count(account.campaigns, 'campaign')}, {age}, {whole}"


def headline(plan: PlanDocument) -> str:
    """`12 to delete, 1 refused, 3 untouched`; targets too where they are not the campaigns."""
    summary = plan.summary
    deleting = f"{summary.delete:,} to delete"
    if summary.targets != summary.delete:
        deleting += f" ({count(summary.targets, 'target')})"
    return f"{deleting}, {summary.refuse:,} refused, {summary.none:,} untouched"


def nothing(plan: PlanDocument) -> bool:
    """Whether the plan changes nothing: it deletes nothing, and no guard is broken."""
    return not (plan.summary.delete or plan.violations)


def unchanged(plan: PlanDocument) -> str:
    """`No changes. Nothing to delete.`, with how many were refused or left untouched."""
    said = "No changes. Nothing to delete."
    if plan.summary.refuse:
        said += f" {plan.summary.refuse:,} refused."
    if plan.summary.none:
        said += f" {plan.summary.none:,} untouched."
    return said


def lifts(violation: Violation) -> str | None:
    """What makes a plan with *violation* applicable; None if nobody knows."""
    return LIFTS_OF_PLANS.get(violation.guard)


def looked_at(action: Action) -> list[str]:
    """Why each exception that nobody can judge makes a look come before the request."""
    return [
        f"looked at first: it may be {one.because} ({one.path}:{one.line}), and nobody knows"
        f" {one.field}"
        for one in action.look_first or ()
    ]


def next_commands(plan: PlanDocument, saved: str | None) -> tuple[str, ...]:
    """What to run next, in order; nothing if the plan changes nothing or cannot be applied.

    *saved*: the plan's file, None if there is none.
    """
    if not plan.summary.delete or not plan.applicable:
        return ()
    if saved is None:
        return ("reconciler plan --out plan.json",)
    path = quote(saved)
    apply = f"reconciler apply {path}"
    if not plan.approvals.required:
        return (apply,)
    return (f"reconciler approve {path} --key FILE", apply)


def way_on(report: ReportDocument) -> str:
    """What to do after the apply that *report* tells of; empty if all is done.

    Applying again is named only where something is left that it can do.
    """
    if report.exit_code != 5:
        return NEXT.get(report.exit_code, "")
    found = []
    if report.summary.get("pending"):
        found.append("Run apply again to go on with what is pending: what is done is not repeated.")
    if report.summary.get("drifted"):
        found.append("What drifted is left alone: take the inventory again and plan anew.")
    if report.summary.get("refused"):
        found.append(
            "What was refused needs its cause mended first: what the vendor said is above."
        )
    return " ".join(found)


def commands_after(report: ReportDocument, saved: str | None) -> tuple[str, ...]:
    """What to run after the apply that *report* tells of; nothing if that would not help.

    *saved*: the plan's file, None if there is none.
    """
    if saved is None or report.exit_code not in (5, *NEXT):
        return ()
    if report.exit_code == 5 and not report.summary.get("pending"):
        return ("reconciler plan --out plan.json",) if report.summary.get("drifted") else ()
    command = "settle" if report.exit_code == 6 else "apply"
    return (f"reconciler {command} {quote(saved)}",)


def day(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).date().isoformat()


def updated(campaign: Campaign | None) -> str:
    """The day of the last change; that of creation, marked so, if no change is known."""
    if campaign is None:
        return ""
    if campaign.updated_at is not None:
        return f"updated {day(campaign.updated_at)}"
    return f"created {day(campaign.created_at)}" if campaign.created_at else ""


def all_updated(campaigns: Sequence[Campaign | None]) -> list[str]:
    """`updated` of each of *campaigns*; nearly always all have a last change, in UTC."""
    try:
        moments = [one.updated_at for one in campaigns]  # type: ignore[union-attr]
        if all([one.tzinfo is UTC for one in moments]):  # type: ignore[union-attr]
            return [_updated_on(one.toordinal()) for one in moments]  # type: ignore[union-attr]
    except AttributeError:  # there is no record, or no time
        pass
    return [updated(one) for one in campaigns]


@lru_cache(4096)  # campaigns are many, days are few
def _updated_on(ordinal: int) -> str:
    return f"updated {date.fromordinal(ordinal).isoformat()}"


_STATUSES: dict[Status | None, str] = {None: "", **{one: str(one) for one in Status}}


def status(campaign: Campaign | None) -> str:
    return "" if campaign is None else _STATUSES[campaign.status]


def place(source: Source) -> str:
    return f"{source.path}:{source.line}"


# ---------------------------------------------------------------- numbers

_DIGITS = re.compile(r"\+?[0-9]{3,}")


def part(text: str, action: Action | None = None) -> str:
    """A part as it may be shown: message ids whole, phone numbers masked."""
    campaign = action.campaign if action is not None else None
    if campaign is not None and text in (campaign.message_ids or ()):
        return text
    return mask_part(text)


def target(one: Target, *, show_numbers: bool = False) -> str:
    """A target as it may be shown: its phone number masked unless *show_numbers*."""
    if show_numbers or one.part is None or mask_part(one.part) == one.part:
        return str(one)
    return f"{Target(one.account, one.id)}#{mask_part(one.part)}"


def parts(action: Action, *, show_numbers: bool = False) -> tuple[str, ...]:
    """The action's parts as they may be shown."""
    found = action.parts or ()
    if show_numbers or not found:
        return found
    ids = frozenset((action.campaign.message_ids or ()) if action.campaign else ())
    return tuple(one if one in ids else part(one) for one in found)


def parts_noun(action: Action) -> str:
    messages = action.campaign is not None and bool(action.campaign.message_ids)
    return "message" if messages else "number"


def plan_masker(plan: PlanDocument, *, show_numbers: bool = False) -> Mask:
    """Masks the plan's phone numbers wherever they stand in a sentence.

    They are looked for with the first sentence: many views of large plans have none.
    """
    if show_numbers:
        return masker((), show_numbers)
    made = cache(lambda: masker(phone_numbers(plan.actions), False))

    def mask(text: str) -> str:
        return made()(text)

    return mask


def masker(numbers: Iterable[str], show_numbers: bool) -> Mask:
    """Masks *numbers* wherever they stand in a sentence; what is no phone number stays."""
    known = frozenset() if show_numbers else frozenset(n for n in numbers if mask_part(n) != n)
    if not known:
        return lambda text: text
    spaced = [n for n in known if not _DIGITS.fullmatch(n)]

    def mask(text: str) -> str:
        for number in spaced:
            text = text.replace(number, mask_number(number))
        return _DIGITS.sub(lambda f: mask_number(f[0]) if _known(f[0], known) else f[0], text)

    return mask


def _known(found: str, known: frozenset[str]) -> bool:
    bare = found.lstrip("+")
    return found in known or bare in known or f"+{bare}" in known


class Masking(msgspec.Struct, frozen=True):
    """How a report's parts and sentences are shown: phone numbers masked, message ids whole."""

    whole: frozenset[tuple[str, str]] | None  # (account, part); None: everything is whole
    mask: Mask

    @classmethod
    def of_report(
        cls, report: ReportDocument, plan: PlanDocument | None = None, *, show_numbers: bool = False
    ) -> "Masking":
        parts = {
            (target.account, target.part)
            for target in (() if show_numbers else holding(report.targets, b'"part":"'))
            if target.part is not None
        }
        if not parts:
            return cls(None, lambda text: text)
        ids = frozenset(
            (action.account, one)
            for action in (holding(plan.actions, b'"messageIds":') if plan else ())
            if action.campaign is not None
            for one in action.campaign.message_ids or ()
        )
        return cls(ids, masker({part for _, part in parts - ids}, False))

    def part(self, target: TargetReport) -> str | None:
        if target.part is None or self.whole is None or (target.account, target.part) in self.whole:
            return target.part
        return part(target.part)

    def sentence(self, text: str) -> str:
        return self.mask(text)

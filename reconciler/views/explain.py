"""An explanation for people and for machines; phone numbers are masked unless that is asked for."""

from collections.abc import Callable

from reconciler.plan.explain import Explanation, Look, dumps, masked
from reconciler.safe import mask_number, quoted, terminal
from reconciler.views import words

_TITLES = (
    ("absence", "Absences"),
    ("keep", "Keeps"),
    ("protect", "Protections"),
    ("guard", "Guards"),
    ("waiver", "Waivers"),
)


def as_json(found: Explanation, *, show_numbers: bool = False) -> str:
    """The explanation as JSON."""
    return dumps(found if show_numbers else masked(found, mask_number)).decode()


def text(found: Explanation, *, show_numbers: bool = False) -> str:
    """The verdict, then everything that looked at the campaign, a line each."""
    mask = _masker(found, show_numbers=show_numbers)
    return "\n".join(mask(line) for line in _lines(found))


def _masker(found: Explanation, *, show_numbers: bool) -> Callable[[str], str]:
    records = [found.campaign, *(one.campaign for one in found.actions)]
    messages = {id_ for one in records if one is not None for id_ in one.message_ids or ()}
    numbers = {number for one in records if one is not None for number in one.phone_numbers or ()}
    numbers |= {part for one in found.actions for part in one.parts or ()}
    numbers |= set() if found.part is None else {found.part}
    return words.masker(numbers - messages, show_numbers)


def _lines(found: Explanation) -> list[str]:
    head = terminal(found.target)
    if found.campaign is not None:
        status = found.campaign.status or "unknown"
        head += f" {quoted(found.campaign.name)}, status {status}"
    else:
        head += ", not listed in the inventory"
    lines = [head, terminal(found.verdict)]
    for kind, title in _TITLES:
        looks = [one for one in found.looks if one.kind == kind]
        if looks:
            lines += ["", title, *(_line(one) for one in looks)]
    if found.others:
        entries = "entry names" if found.others == 1 else "entries name"
        lines += ["", f"{found.others:,} more {entries} other campaigns of the account."]
    return lines


def _line(look: Look) -> str:
    sign = {True: "+", False: "-", None: "?"}[look.holds]
    place = f"{terminal(look.path)}:{look.line}" if look.path else ""
    head = "  ".join(part for part in (place, terminal(look.manifest or "")) if part)
    what = terminal(look.what)
    return f"  {sign} {head}{'  ' if head else ''}{what}: {terminal(look.verdict)}"

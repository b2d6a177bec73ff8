"""`reconciler explain`: why a campaign is, or is not, in the plan."""

from typing import TYPE_CHECKING

import click

from reconciler.cli._options import INVENTORY, SHOW_NUMBERS
from reconciler.cli.app import App, pass_app

if TYPE_CHECKING:
    from reconciler.plan.explain import Explanation, Look

_TITLES = (
    ("absence", "Absences"),
    ("keep", "Keeps"),
    ("protect", "Protections"),
    ("guard", "Guards"),
    ("waiver", "Waivers"),
)


@click.command(
    "explain",
    epilog="""\b
Examples:
  reconciler explain push-prod/orchestration_06
  reconciler explain "dialer-in/Lead refill 4 " --format json
""",
)
@click.argument("target", metavar="ACCOUNT/ID")
@INVENTORY
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The view on stdout.",
)
@SHOW_NUMBERS
@pass_app
def command(
    app: App,
    *,
    target: str,
    inventory: tuple[str, ...],
    inventory_format: str | None,
    format_: str,
    show_numbers: bool,
) -> int:
    """Say why the campaign ACCOUNT/ID is, or is not, in the plan.

    Every absence, keep, guard and waiver that looked at it, with file and line; also for a campaign
    that is not listed or that nobody asks for. Write / # % in an id as %2F %23 %25.
    """
    from reconciler import safe
    from reconciler.api.plan import plan_time
    from reconciler.model import Target
    from reconciler.plan import explain
    from reconciler.plan.today import make_plan
    from reconciler.views import words

    try:
        wanted = Target.parse(target)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    now = plan_time(app)
    fresh = make_plan(
        app,
        now=now,
        inventory=inventory,
        inventory_format=inventory_format,
        also=(explain.question(wanted),),
    )
    if wanted.account not in fresh.project.accounts:
        raise click.UsageError(f"the project has no account {wanted.account!r}")
    app.warn(fresh.warnings)
    known = explain.Known(
        project=fresh.project,
        drivers=fresh.drivers,
        asked=fresh.asked,
        facts=fresh.facts,
        matches=fresh.matches,
        plan=fresh.plan,
        now=now,
    )
    found = explain.explain(wanted, known)
    mask = words.plan_masker(fresh.plan, show_numbers=show_numbers)
    if format_ == "json":
        shown = found if show_numbers else explain.masked(found, safe.mask_number)
        app.out_exactly(explain.dumps(shown).decode())
    else:
        app.out("\n".join(mask(line) for line in _lines(found)))
    return 0


def _lines(found: "Explanation") -> list[str]:
    from reconciler.safe import quoted, terminal

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


def _line(look: "Look") -> str:
    from reconciler.safe import terminal

    sign = {True: "+", False: "-", None: "?"}[look.holds]
    place = f"{terminal(look.path)}:{look.line}" if look.path else ""
    head = "  ".join(part for part in (place, terminal(look.manifest or "")) if part)
    what = terminal(look.what)
    return f"  {sign} {head}{'  ' if head else ''}{what}: {terminal(look.verdict)}"

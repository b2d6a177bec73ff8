"""`reconciler generate`: a manifest from a selection of the inventory."""

import click

from reconciler.api.given import GivenReading
from reconciler.cli._options import INVENTORY
from reconciler.cli.app import App, pass_app
from reconciler.errors import Usage


@click.command(
    "generate",
    epilog="""\b
Examples:
  reconciler generate --account push-prod --match 'name=Diwali 2024 *' --match status=stopped \\
      --owner growth --reason "The season is over" --out manifests/diwali.yaml
  reconciler generate --account push-prod --match labels.team=growth --match olderThan=365d
  reconciler generate --account sms-au --id 67f1a0 --id 67f1a1 --name called-off
  cut -f1 list.tsv | reconciler generate --account push-prod --from - --out manifests/list.yaml
""",
)
@click.option("--account", metavar="A", required=True, help="Whose campaigns.")
@click.option(
    "--match",
    "matches",
    multiple=True,
    metavar="KEY=VALUE",
    help="Those of which all of these hold: the keys of a manifest's `match`, such as name,"
    " status, createdBefore, labels.KEY; repeatable.",
)
@click.option("--id", "ids", multiple=True, metavar="ID", help="This one; repeatable.")
@click.option(
    "--from", "from_", metavar="FILE", help="Those of a file, an id or ACCOUNT/ID a line; - too."
)
@click.option("--name", metavar="NAME", help="The manifest's. Default: retire-ACCOUNT-DATE.")
@click.option("--owner", metavar="TEXT", help="Who answers for it.")
@click.option("--reason", metavar="TEXT", help="Why they should not exist.")
@click.option("--ticket", metavar="TEXT", help="Under which ticket.")
@click.option("--until", metavar="DATE", help="The last day it is enforced.")
@click.option("--out", metavar="FILE", help="Write it there, never over a file. Default: print it.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="The manifest, or what was selected and the manifest.",
)
@INVENTORY
@pass_app
def command(
    app: App,
    *,
    account: str,
    matches: tuple[str, ...],
    ids: tuple[str, ...],
    from_: str | None,
    name: str | None,
    owner: str | None,
    reason: str | None,
    ticket: str | None,
    until: str | None,
    out: str | None,
    format_: str,
    inventory: tuple[str, ...],
    reads: GivenReading,
) -> None:
    """Print a manifest that asks for exactly what is selected from the inventory, by id.

    What appears at the vendor later is not in it: for that, write a `match` into a manifest.
    """
    from reconciler.views import generated as view

    found = app.project.generate(
        account,
        match=_pairs(matches),
        ids=ids,
        from_=from_,
        name=name,
        owner=owner,
        reason=reason,
        ticket=ticket,
        until=until,
        inventory=inventory,
        **reads,
    )
    if out not in (None, "-"):
        found.write(out)
        app.note(view.written(found, out))
    if format_ == "json":
        app.out_exactly(view.as_json(found))
    elif out in (None, "-"):
        app.out_exactly(found.text)


def _pairs(given: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not (key and equals):
            raise Usage(f"--match: write KEY=VALUE, not {one!r}")
        found.setdefault(key, []).append(value)
    return found

"""`reconciler evidence`: pack one plan, what it rests on and what was done under it."""

import click

from reconciler.cli._stdio import file_for, given
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit


@click.command(
    "evidence",
    epilog="""\b
Examples:
  reconciler evidence plan.json --out evidence.tar.gz
  reconciler evidence plan.json --out - | reconciler verify -
""",
)
@click.argument("plan", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="The archive to write (tar, gzipped).",
)
@pass_app
def command(app: App, *, plan: str, out: str) -> int:
    """Pack everything an auditor asks for about PLAN into one archive.

    That is the plan and its signatures, the allowed signers, project file and manifests as
    planned, the inventory's facts, the audit records and the last report. `verify` checks it
    offline, and is run once at the end: exit 4 tells that the archive was written and why it does
    not verify. It holds phone numbers in full.
    """
    from reconciler.safe import terminal

    chosen = given(plan)
    assert chosen is not None
    with file_for(out, "evidence.tar.gz") as place:
        packed = app.project.evidence(chosen, out=place)
    app.out(f"{terminal(out)}: {packed.files} files, {packed.records} audit records")
    for source, why in packed.missing:
        app.note(f"warning: {terminal(source)} {why}; it is not in the evidence")
    if packed.records == 0:
        app.note("warning: the audit log has no record of this plan; it was never applied here")
    if packed.fault is None:
        return Exit.OK
    app.err(f"warning: {terminal(out)} was written and does not verify: {terminal(packed.fault)}")
    return Exit.STALE

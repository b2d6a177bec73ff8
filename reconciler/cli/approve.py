"""`reconciler approve`: show a plan, ask, and sign the very bytes that were shown."""

import shutil
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit, ReconcilerError, Refused, Stale, Usage

if TYPE_CHECKING:
    from reconciler.model import Approvals, Plan, Project
    from reconciler.prove.approvals import Counted, Signers


@click.command(
    "approve",
    epilog="""\b
Examples:
  reconciler approve plan.json --key ~/.ssh/id_ed25519
  reconciler approve plan.json --key ~/.ssh/id_ed25519_sk.pub   # a key that the agent holds
""",
)
@click.argument("plan", type=click.Path(dir_okay=False))
@click.option(
    "--key",
    required=True,
    metavar="FILE",
    help="Private SSH key, or the public key of one that the agent (SSH_AUTH_SOCK) holds.",
)
@click.option("--principal", metavar="NAME", help="Who signs, where the key speaks for several.")
@click.option("--yes", is_flag=True, help="Do not ask: the plan was shown before.")
@pass_app
def command(app: App, *, plan: str, key: str, principal: str | None, yes: bool) -> int:
    """Show PLAN, ask, and sign its bytes with an SSH key.

    Writes PLAN.<principal>.sig beside it. A plan with violations, an expired or an empty one is
    refused, and so is its own author.
    """
    if not yes and not sys.stdin.isatty():
        raise Usage("not a terminal, so nobody can be asked: show the plan, then use --yes")
    from reconciler import disk
    from reconciler.plan import planfile
    from reconciler.prove import approvals

    path, now = Path(plan), app.now()
    data = disk.read_file(path, what="the plan", most=planfile_limit())
    loaded = planfile.loads(data)
    project = app.load_project()
    _show(app, loaded, planfile.digest(data), now)
    _refuse(loaded, project, now)
    rule = project.guards.approvals
    if rule is None and principal is None:
        raise ReconcilerError(
            "the project has no guards.approvals, so no signature would count; nothing was signed"
            " (name yourself with --principal to sign all the same)"
        )
    signers = _signers(app, rule)
    if not yes and not _agreed(app, planfile.digest(data)):
        app.err("Nothing was signed.")
        return Exit.ERROR
    signature = approvals.sign(data, key)
    desk = _Desk(path, data, loaded, rule, signers, now)
    who = principal if signers is None else desk.principal(signature, principal, key)
    assert who is not None
    desk.accept(who, signature)
    place = approvals.signature_path(plan, who)
    disk.write_whole(Path(place), signature)
    _tell(app, place, who, desk)
    return Exit.OK


def planfile_limit() -> int:
    """The bytes of a plan that are read at most."""
    return 1024 * 1024 * 1024


def _show(app: App, plan: "Plan", digest: str, now: datetime) -> None:
    from reconciler.safe import terminal
    from reconciler.views import text

    width = shutil.get_terminal_size((100, 24)).columns
    app.out(text.plan(plan, color=app.color, width=width, now=now))
    app.out(f"Plan {terminal(digest)}\n")


def _refuse(plan: "Plan", project: "Project", now: datetime) -> None:
    """Raise for a plan that nobody should sign."""
    from reconciler.plan import planfile

    if plan.metadata.project != project.name:
        raise Stale(
            f"the plan is of project {plan.metadata.project!r}, this is {project.name!r};"
            " nothing was signed"
        )
    if now > planfile.moment(plan.metadata.expires_at):
        raise Stale(
            f"the plan expired at {plan.metadata.expires_at}; nothing was signed. Make it again"
        )
    if plan.violations:
        guards = ", ".join(sorted({one.guard for one in plan.violations}))
        raise Refused(f"the plan has violations ({guards}); nothing was signed")
    if plan.summary.targets == 0:
        raise Refused("the plan deletes nothing; there is nothing to sign")


def _signers(app: App, rule: "Approvals | None") -> "Signers | None":
    from reconciler import disk
    from reconciler.prove import approvals

    if rule is None:
        return None
    return approvals.read_signers(disk.inside(app.root, rule.allowed_signers))


def _agreed(app: App, digest: str) -> bool:
    app.err(f"Sign {digest}? Only 'yes' will do.")
    return bool(click.prompt("yes", default="", show_default=False, err=True) == "yes")


@dataclass(frozen=True, slots=True)
class _Desk:
    """The plan, and the rule by which its signatures count."""

    path: Path
    data: bytes
    plan: "Plan"
    rule: "Approvals | None"
    signers: "Signers | None"
    now: datetime

    def principal(self, signature: bytes, asked: str | None, key: str) -> str:
        """The principal of the key: the one *asked* for, or the only one there is."""
        from reconciler.prove import approvals

        assert self.signers is not None
        assert self.rule is not None
        known = approvals.principals_for(
            self.data, signature, self.signers, now=self.now, asked=asked
        )
        if asked is not None and asked in known:
            return asked
        if not known:
            raise Refused(
                f"{self.rule.allowed_signers} lists no principal for {key} as of today;"
                " nothing was written"
            )
        plain = [one for one in known if not set(one) & set("*?!")]
        if asked is None and len(known) == 1 and plain:
            return plain[0]
        if asked is not None:
            raise Refused(f"{key} does not speak for {asked}; nothing was written")
        raise Usage(f"the key speaks for {', '.join(known)}: say which with --principal")

    def accept(self, who: str, signature: bytes) -> None:
        """Raise if a signature of *who* would not count, as the author's does not."""
        from reconciler.prove import approvals

        if self.signers is None:
            return
        name = approvals.signature_path(self.path.name, who)
        counted = self.count([(name, signature)])
        if counted.rejected:
            raise Refused(f"this signature would not count: {counted.rejected[0][1]}")

    def count(self, signatures: list[tuple[str, bytes]]) -> "Counted":
        from reconciler.prove import approvals

        assert self.signers is not None
        assert self.rule is not None
        return approvals.count(
            self.data,
            signatures,
            self.signers,
            author=self.plan.metadata.author,
            aliases=self.rule.aliases,
            requested_by=(),
            now=self.now,
            plan_name=self.path.name,
        )


def _tell(app: App, place: str, who: str, desk: _Desk) -> None:
    from reconciler.prove import approvals
    from reconciler.safe import terminal

    app.out(f"Signed as {terminal(who)}: {terminal(place)}")
    if desk.signers is None:
        app.note("warning: the project asks for no approvals; nothing counts this signature")
        return
    if desk.plan.metadata.author is None:
        app.note("warning: the plan names no author; apply refuses it (plan with --author)")
    counted = desk.count(approvals.read_signatures(desk.path))
    needed = desk.plan.approvals.required
    names = ", ".join(map(terminal, counted.principals))
    app.note(f"{len(counted.principals)} of {needed} approvals needed: {names}")
    for path, why in counted.rejected:
        app.note(f"does not count: {terminal(path)}: {terminal(why)}")

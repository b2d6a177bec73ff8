"""One approval: a plan that may be signed, the key that signs it, and whether that would count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.declare.project import Approvals, ProjectFile
from reconciler.errors import NotAllowed, ReconcilerError, Stale, Usage
from reconciler.model import PlanDocument
from reconciler.plan import planfile
from reconciler.plan.guards.lifts import ways_out
from reconciler.plan.saved import Saved
from reconciler.prove import approvals, signers
from reconciler.prove.approvals import Counted, Signers

_MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Desk:
    """The plan, and the rule by which its signatures count; None: nothing counts them."""

    saved: Saved
    rule: Approvals | None
    signers: Signers | None
    now: datetime

    def principal(self, signature: bytes, asked: str | None, key: str) -> str:
        """Whose *signature* with *key* this is: the one *asked* for, or the only one there is."""
        if self.signers is None or self.rule is None:
            assert asked is not None
            return asked
        known = approvals.principals_for(
            self.saved.data, signature, self.signers, now=self.now, asked=asked
        )
        if asked is not None and asked in known:
            return asked
        if not known:
            raise NotAllowed(
                f"{self.rule.allowed_signers} lists no principal for {key} as of today;"
                " nothing was written. Let somebody who may change it add the signer's line"
            )
        plain = [one for one in known if not set(one) & set("*?!")]
        if asked is None and len(known) == 1 and plain:
            return plain[0]
        if asked is not None:
            raise NotAllowed(
                f"{key} does not speak for {asked}; nothing was written. Name one that it speaks"
                f" for with --principal: {', '.join(known)}"
            )
        raise Usage(f"the key speaks for {', '.join(known)}: say which with --principal")

    def check_before(self, key: str) -> None:
        """`NotAllowed` if a signature with *key* could not count, as far as that shows before.

        The public half says whose it is; where that lies nowhere, only a signature tells.
        """
        if self.signers is None or self.rule is None:
            return
        author = self.saved.plan.metadata.author
        if author is None and self.saved.plan.approvals.required:
            raise NotAllowed(
                "the plan names no author, and nobody can approve it then; nothing was signed. "
                "Make it again with --author NAME"
            )
        public = _public_key(key)
        known = signers.listed(self.signers.allowed)
        if public is None or any(one.authority for one in known):
            return
        mine = [name for one in known if one.key == public for name in one.principals]
        if not mine:
            raise NotAllowed(
                f"{self.rule.allowed_signers} lists no principal for {key}; nothing was signed. "
                "Let somebody who may change it add your line (`reconciler validate` checks it)"
            )
        aliases = {author, *self.rule.aliases.get(author or "", ())}
        if author is not None and {one.casefold() for one in mine} <= {
            (one or "").casefold() for one in aliases
        }:
            raise NotAllowed(
                f"{', '.join(mine)} is the author of the plan and cannot approve it; nothing was "
                "signed. Somebody else of the allowed signers has to"
            )

    def accept(self, who: str, signature: bytes) -> None:
        """Raise if a signature of *who* would not count, as the author's does not."""
        name = approvals.signature_path(self.saved.path.name, who)
        counted = self.count([(name, signature)])
        if counted is not None and counted.rejected:
            raise NotAllowed(
                f"this signature would not count: {counted.rejected[0][1]}; nothing was written."
                " Let somebody else of the allowed signers approve it"
            )

    def count(self, signatures: Sequence[tuple[str, bytes]]) -> Counted | None:
        """Who approves with *signatures*; None if the project asks for no approvals."""
        if self.signers is None or self.rule is None:
            return None
        return approvals.count(
            self.saved.data,
            signatures,
            self.signers,
            author=self.saved.plan.metadata.author,
            aliases=self.rule.aliases,
            requested_by=(),
            now=self.now,
            plan_name=self.saved.path.name,
        )


def _public_key(key: str) -> str | None:
    """The public half of *key* as a line of allowed signers has it; None if it is not at hand."""
    for path in (Path(key), Path(f"{key}.pub")):
        try:
            words = path.read_bytes()[:_MOST].decode("ascii").split()
        except (OSError, UnicodeDecodeError):
            continue
        if len(words) > 1 and words[0].startswith(("ssh-", "sk-", "ecdsa-")):
            return words[1]
    return None


def check_signable(plan: PlanDocument, project: ProjectFile, now: datetime) -> None:
    """Raise for a plan that nobody should sign."""
    if plan.metadata.project != project.name:
        raise Stale(
            f"the plan is of project {plan.metadata.project!r}, this is {project.name!r};"
            " nothing was signed. Go to that project (-C DIR), or make the plan again here"
        )
    if now > planfile.moment(plan.metadata.expires_at):
        raise Stale(
            f"the plan expired at {plan.metadata.expires_at}; nothing was signed. Make it again"
        )
    if plan.violations:
        guards = ", ".join(sorted({one.guard for one in plan.violations}))
        ways = ways_out(sorted({one.guard for one in plan.violations}))
        raise NotAllowed(f"the plan has violations ({guards}); nothing was signed.{ways}")
    if plan.summary.targets == 0:
        raise NotAllowed(
            "the plan deletes nothing; there is nothing to sign, and nothing to approve"
        )


def check_counted(rule: Approvals | None, principal: str | None) -> None:
    """Raise if nothing would count the signature, and nobody is named who signs all the same."""
    if rule is None and principal is None:
        raise ReconcilerError(
            "the project has no guards.approvals, so no signature would count; nothing was signed"
            " (name yourself with --principal to sign all the same)"
        )

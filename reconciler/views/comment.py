"""Our comment on a pull request: a plan, or why there is none, behind a mark that finds it again.

The mark stands first and holds the plan's digest, so that a comment can say that what people may
have signed is no longer the plan.
"""

import re
from collections.abc import Sequence
from typing import Final

from reconciler.errors import Diagnostic
from reconciler.model import PlanDocument
from reconciler.views import markdown, words
from reconciler.views.fit import characters
from reconciler.views.frame import Frame
from reconciler.views.markdown.dialect import DIALECTS, code, sentence

KEY: Final = re.compile(r"[A-Za-z0-9._-]{1,63}")
_LIMIT: Final = 65_536  # characters of a comment
_DIGEST: Final = re.compile(r"<!-- reconciler comment \S+ (sha256:[0-9a-f]{64}) -->")
_SHOWN: Final = 50  # diagnostics; all of them are in the run


def mark(key: str) -> str:
    """What every comment of ours with this *key* begins with."""
    return f"<!-- reconciler comment {key.replace('--', '%2D%2D')} "


def digest_in(body: str) -> str | None:
    """The digest of the plan that a comment of ours shows."""
    found = _DIGEST.match(body)
    return None if found is None else found[1]


def of_plan(plan: PlanDocument, frame: Frame, key: str, *, before: str | None = None) -> str:
    """*plan* in one comment. *before*: the digest of the plan that the comment showed so far."""
    head = f"{mark(key)}{frame.digest} -->\n"
    foot = _approving(plan, frame, before)
    room = _LIMIT - characters(head) - characters(foot)
    return head + "".join(markdown.plan_within(plan, frame, room, characters)) + foot


def _approving(plan: PlanDocument, frame: Frame, before: str | None) -> str:
    """How a signature gets from a reviewer to the job that applies; empty if none is needed."""
    if not plan.approvals.required or not plan.applicable:
        return ""
    lines = [
        "\n**To approve**: take `plan.json` from the artefact `reconciler-plan` of the run, then"
    ]
    lines += ["", "```sh", "reconciler approve plan.json --key ~/.ssh/id_ed25519", "```", ""]
    lines.append(
        "and put the text of the signature file (`plan.json.YOU.sig`) into a comment here."
    )
    if before is not None and before != frame.digest:
        lines += ["", "> [!IMPORTANT]", f"> The plan has changed: signatures of {code(before)} no"]
        lines.append("> longer count.")
    return "\n".join(lines) + "\n"


def of_trouble(
    told: Sequence[Diagnostic], said: str | None, key: str, *, run: str | None, head: str
) -> str:
    """Why there is no plan at commit *head*: *told* of the files, or what else was *said*."""
    errors = [one for one in told if one.severity == "error"]
    title = f"not valid: {words.count(len(errors), 'error')}" if errors else "no plan could be made"
    where = Frame(digest="", run=run).run_address
    about = f"At commit {code(head[:12])}." + (f" [The run]({where})." if where else "")
    alert = DIALECTS["github"].alert(
        "CAUTION", ["**There is no plan.** An earlier one, and its signatures, no longer count."]
    )
    lines = [f"{mark(key)}none -->", f"### Campaign deletions: {title}\n", alert, f"{about}\n"]
    rows = [_diagnostic(one) for one in errors]
    if not rows and said:
        rows = [f"- {sentence(line)}" for line in said.splitlines() if line.strip()]
    room = _LIMIT - characters("\n".join(lines)) - 100
    shown = rows[: _fitting(rows[:_SHOWN], room)]
    if left := len(rows) - len(shown):
        shown.append(f"\n_{left:,} more are in the run._")
    return "\n".join([*lines, *shown]) + "\n"


def _fitting(rows: Sequence[str], room: int) -> int:
    """How many of *rows* fit into *room*."""
    for number, row in enumerate(rows):
        room -= characters(row) + 1
        if room < 0:
            return number
    return len(rows)


def _diagnostic(one: Diagnostic) -> str:
    place = f"{code(one.place)}: " if one.place else ""
    fix = f" ({sentence(one.fix)})" if one.fix else ""
    return f"- {place}{sentence(one.message)}{fix}"

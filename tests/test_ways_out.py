"""Whatever holds a deletion back says what lets it go: a sweep over all that the code can say."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from reconciler.lanes.halts import AccountStopped, Halt
from reconciler.model import Held, Outcome, Reason
from reconciler.plan.guards.lifts import LIFTS_OF_PLANS
from reconciler.plan.planfile import DELETES, NONES
from reconciler.views import words

ROOT = Path(__file__).resolve().parents[1] / "reconciler"
REFUSE_TOO = {Reason.KEPT}  # a keep that nobody can judge
# What a person can do, as our sentences say it.
WAY = re.compile(
    r"`reconciler |reconciler \w+|--\w|\b(?:again|bring|check|give|install|let|lift|make|mend|"
    r"name (?:a|one|the)|plan again|set|somebody else|take|write)\b",
    re.IGNORECASE,
)
SAYS_ITSELF = {"the plan deletes nothing; there is nothing to sign, and nothing to approve"}
WITH_WAYS = ("ways", "ways_out", "missing")  # names of what a sentence ends with


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Every call of the code: where, and its tree."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for one in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(one, ast.Call):
                found.append((f"{path.relative_to(ROOT.parent)}:{one.lineno}", one))
    return tuple(found)


def named(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for where, call in calls():
        shown = call.func.attr if isinstance(call.func, ast.Attribute) else None
        if (shown or getattr(call.func, "id", None)) in names:
            yield where, call


def text(node: ast.AST) -> str:
    """What a text says, as far as it stands in the code; what is put in is `{…}` of its names."""
    match node:
        case ast.Constant(value=str(said)):
            return said
        case ast.JoinedStr(values=values):
            return "".join(map(text, values))
        case ast.FormattedValue(value=value):
            return "{" + ast.unparse(value) + "}"
        case ast.BinOp(left=left, right=right):
            return text(left) + text(right)
    return "{" + ast.unparse(node) + "}"


# ---------------------------------------------------------------- plans


@pytest.mark.parametrize("reason", sorted((set(Reason) - DELETES - NONES) | REFUSE_TOO))
def test_every_refusal_of_a_plan_has_a_way_out(reason: Reason) -> None:
    assert words.LIFTS[reason]


def test_every_violation_that_there_is_has_a_way_out() -> None:
    guards = {
        one.value.value
        for _, call in named("Violation")
        for one in call.keywords
        if one.arg == "guard" and isinstance(one.value, ast.Constant)
    }
    assert guards <= set(LIFTS_OF_PLANS), guards
    assert guards


# ---------------------------------------------------------------- applies


def fates() -> list[tuple[str, Outcome, Held | None]]:
    """Every fate that the code can give a target that is not deleted, and what holds that back.

    What is put together elsewhere is not among them: all that there is to hold back is tried.
    """
    found = []
    for where, call in named("Fate"):
        held = next((one.value for one in call.keywords if one.arg == "held"), None)
        match call.args, held:
            case [ast.Attribute(attr=attr), *_], ast.Attribute() | None if (
                attr in Outcome.__members__
            ):
                found.append((where, Outcome[attr], _held(held)))
    for where, call in named("drifted"):
        if isinstance(call.args[0], ast.Attribute):
            found.append((where, Outcome.DRIFTED, _held(call.args[0])))
    return [one for one in found if not one[1].final]


def _held(node: ast.expr | None) -> Held | None:
    return Held[node.attr] if isinstance(node, ast.Attribute) else None


def test_the_sweep_sees_the_fates_of_targets() -> None:
    assert len(fates()) > 20
    assert {one[1] for one in fates()} == {one for one in Outcome if not one.final}


@pytest.mark.parametrize(("where", "outcome", "held"), fates())
def test_every_target_that_is_left_alone_has_a_way_out(
    where: str, outcome: Outcome, held: Held | None
) -> None:
    assert words.way_out(outcome, held) or held in (Held.WITHDRAWN, Held.STOPPED), where


@pytest.mark.parametrize("held", [*sorted(set(Held) - {Held.WITHDRAWN, Held.STOPPED}), None])
@pytest.mark.parametrize("outcome", [one for one in Outcome if not one.final])
def test_whatever_holds_a_target_back_has_a_way_out(outcome: Outcome, held: Held | None) -> None:
    assert words.way_out(outcome, held)


def test_whatever_may_hold_a_target_back_is_there_for_something() -> None:
    sources = "".join(
        path.read_text("utf-8") for path in ROOT.rglob("*.py") if path.stem != "words"
    )
    used = set(re.findall(r"\bHeld\.([A-Z_]+)", sources))
    refused = {one.name for one in (set(Reason) - DELETES - NONES) | REFUSE_TOO}  # of today's plan
    differing = {"CHANGED", "ANOTHER"}
    assert used | refused | differing == set(Held.__members__)
    assert refused <= set(Held.__members__)


def test_what_is_gone_or_need_not_go_has_none_and_none_is_told_twice() -> None:
    assert words.way_out(Outcome.DELETED, None) is None
    assert words.way_out(Outcome.ALREADY_ABSENT, None) is None
    assert words.way_out(Outcome.DRIFTED, Held.WITHDRAWN) is None
    assert words.way_out(Outcome.PENDING, Held.STOPPED) is None


READS = {
    *("startswith", "endswith", "partition", "rpartition", "split", "rsplit", "splitlines"),
    *("find", "index", "count", "removeprefix", "removesuffix", "match", "fullmatch", "search"),
}
# In the event of an answer it is one word of a few: what the answer meant.
NO_SENTENCE = {"reconciler/events/tracing.py"}


def test_no_code_reads_a_detail_it_is_for_people() -> None:
    """What is decided goes by fields: a vendor writes whatever it likes into a sentence."""
    reading = []
    for path in sorted(ROOT.rglob("*.py")):
        where = str(path.relative_to(ROOT.parent))
        for one in ast.walk(ast.parse(path.read_text("utf-8"))):
            if where not in NO_SENTENCE and _reads_a_detail(one):
                reading.append(f"{where}:{one.lineno}: {ast.unparse(one)}")  # type: ignore[attr-defined]
    assert reading == []


def _reads_a_detail(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=attr, value=of), args=args) if attr in READS:
            return any(map(_of_a_detail, (of, *args)))
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn()]):
            return any(map(_of_a_detail, (left, *node.comparators)))
    return False


def _of_a_detail(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "detail" for one in ast.walk(node))


@pytest.mark.parametrize("halt", Halt)
def test_every_kind_of_stopped_account_has_a_way_out(halt: Halt) -> None:
    assert WAY.search(halt.value)
    assert AccountStopped("said", halt).whole == f"said. To lift it: {halt.value}"


def test_every_kind_of_stopped_account_is_there_for_something() -> None:
    sources = "".join(path.read_text("utf-8") for path in ROOT.rglob("*.py"))
    used = set(re.findall(r"\bHalt\.([A-Z_]+)", sources))
    assert used == set(Halt.__members__)


# ---------------------------------------------------------------- commands


def refusals() -> list[tuple[str, str]]:
    """What a guard, a plan that is not what it should be, and a held lane say."""
    found = named("NotAllowed", "ApprovalsMissing", "Stale", "Locked")
    return [(where, text(call.args[0])) for where, call in found if call.args]


@pytest.mark.parametrize(("where", "said"), refusals())
def test_whatever_refuses_a_command_says_what_to_do(where: str, said: str) -> None:
    plain = re.sub(r"\{.*?\}", "", said)
    ends = [one for one in re.findall(r"\{(\w+)[^}]*\}", said) if one in WITH_WAYS]
    whole = re.fullmatch(r"\{.*\}", said) is not None  # a sentence that another function makes
    assert WAY.search(plain) or ends or whole or said in SAYS_ITSELF, f"{where}: {said}"


def test_every_diagnostic_has_a_fix() -> None:
    without = []
    for where, call in named("Diagnostic"):
        given = {one.arg for one in call.keywords}
        if "fix" not in given and len(call.args) < 7 and not _starred(call):
            without.append(f"{where}: {ast.unparse(call)}")
    assert all("inventory-more" in one for one in without), without  # how many more there are


def _starred(call: ast.Call) -> bool:
    """Whether places come in together, and the fix behind them."""
    return any(isinstance(one, ast.Starred) for one in call.args)

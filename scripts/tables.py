"""Write into the documentation what the drivers were seen to do: `python scripts/tables.py`.

Two tables: the clauses of the conformance suite, and what each built-in driver can do by its runs.
A test keeps both as they are here.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from reconciler import drivers  # noqa: E402
from reconciler.testing import CLAUSES, Example, abilities  # noqa: E402
from tests.support import cookbook, driver_examples, second_ring  # noqa: E402

EXAMPLES = (*driver_examples.EXAMPLES, *second_ring.EXAMPLES, *cookbook.EXAMPLES.values())
_CAN = {"Refused": "refused", "Throttled": "wait", "Split": "by halves", "Unproven": "looked at"}


def clauses() -> str:
    """The suite's clauses and their words."""
    head = "| clause | in words |\n|---|---|\n"
    rows = (
        f"| {one.__name__.replace('_', ' ')} | {' '.join((one.__doc__ or '').split())} |"
        for one in CLAUSES
    )
    return head + "\n".join(rows)


@cache
def capabilities() -> str:
    """A line a driver, over all of its examples."""
    head = (
        "| driver | shares requests | logs in | lists | looks | an answer may also mean "
        "| lies told | believed |\n|---|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(_row(name) for name in drivers.BUILT_IN)


def _row(name: str) -> str:
    found = [abilities(one) for one in _examples(name)]
    flags = (
        any(one.shares for one in found),
        any(one.logs_in for one in found),
        any(one.lists for one in found),
        any(one.looks for one in found),
    )
    verdicts = {verdict for one in found for verdict in one.verdicts}
    means = ", ".join(word for kind, word in _CAN.items() if kind in verdicts)
    lies, believed = sum(one.lies for one in found), sum(one.believed for one in found)
    cells = (*("yes" if one else "" for one in flags), means, f"{lies:,}", str(believed))
    return f"| `{name}` | {' | '.join(cells)} |"


def _examples(name: str) -> Iterator[Example]:
    return (one for one in EXAMPLES if one.driver.name == name)


def written(text: str, marker: str, table: str) -> str:
    """*text* with *table* between the marks of *marker*."""
    begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    return re.sub(f"(?s){begin}.*?{end}", lambda _: f"{begin}{table}\n{end}", text)


def main() -> None:
    for page, marker, table in (
        ("driver-kit.md", "clauses", clauses()),
        ("drivers.md", "capabilities", capabilities()),
    ):
        path = ROOT / "docs" / page
        path.write_text(written(path.read_text("utf-8"), marker, table), "utf-8")


if __name__ == "__main__":
    main()

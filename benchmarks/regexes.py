"""Regexes that begin with anything: ten times as many beside a tenth of them.

    python benchmarks/regexes.py [--quick]

20,000 names and 10,000 regexes of five kinds beside 1,000 of the same; `--quick` takes a tenth of
the names. What is measured is compiling and one pass over the names, in processor time.
"""

import random
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median

import generate
from _side import at_most, finish, options, published

from reconciler.declare.manifest import Selector
from reconciler.model import Campaign
from reconciler.plan.matching import Matcher, Question

_KINDS: Mapping[str, Callable[[int], str]] = {
    "two words and a number": lambda at: f".*(voucher|digest) .*re{at}.*",
    "one of three words": lambda at: f".*(teaser{at}|launch{at}|x{at}y) .*",
    "any case": lambda at: f"(?i).*promo{at}[a-z]*.*",
    "classes, then a number": lambda at: f"[A-Z][a-z]+ [a-z]+ 20[0-9][0-9] [a-z]+ {at}",
    "an end that many names have": lambda at: f".*{at}",
}


def seconds(kind: str, count: int, records: list[Campaign]) -> float:
    """How long *count* regexes of *kind* take over *records*."""
    questions = [
        Question("absent", "a", match=Selector(name_regex=_KINDS[kind](at))) for at in range(count)
    ]
    begun = time.process_time()
    matcher = Matcher(questions, now=datetime(2026, 11, 1, tzinfo=UTC))
    for at in range(0, len(records), 256):
        matcher.feed(records[at : at + 256])
    matcher.finish()
    return time.process_time() - begun


def main() -> int:
    arguments = options(__doc__, repeats=3)
    dice = random.Random(3)
    names = 2_000 if arguments.quick else 20_000
    records = [
        Campaign(account="a", id=str(at), name=generate.name(at, dice)) for at in range(names)
    ]
    figures = []
    for kind in _KINDS:
        few, many = [], []
        for _ in range(arguments.repeats):
            few.append(seconds(kind, 1_000, records))
            many.append(seconds(kind, 10_000, records))
        note = f"{median(many):.2f} s to {median(few):.2f} s"
        figures.append(
            at_most(12, f"ten times the regexes: {kind}", median(many) / median(few), note=note)
        )
        figures.append(published(f"10,000 over {names:,} names: {kind}", median(many), unit="s"))
    return finish(
        "regexes",
        "Regexes that begin with anything",
        figures,
        runs=f"{arguments.repeats} runs of each",
        quick=arguments.quick,
    )


if __name__ == "__main__":
    sys.exit(main())

"""`plan` on a large inventory: beside a bare typed decode, with ten times less, ten times more.

    python benchmarks/plan_scale.py [--quick] [--folder FOLDER]

1,000,000 records (about 240 MB), 10,000 ids, 1,000 globs and 100 regexes over five accounts;
`--quick` takes a tenth of all that.
"""

import sys
from argparse import Namespace
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

import generate
from _side import (
    HERE,
    PYTHON,
    RECONCILER,
    Command,
    Cost,
    at_most,
    finish,
    options,
    published,
    side_by_side,
    times,
    workplace,
)


def made(folder: Path, *, records: int, ids: int, globs: int, regexes: int, anchored: int) -> Path:
    """A project of that size in *folder*, unless it is there already."""
    if not (folder / "reconciler.yaml").exists():
        print(f"generating {folder.name}", flush=True)
        size = Namespace(records=records, ids=ids, globs=globs, regexes=regexes, anchored=anchored)
        generate.write(folder, size)
    return folder


def variant(base: Path, folder: Path, *, globs: int, regexes: int, anchored: int) -> Path:
    """The project *base* with other selectors; the inventory is the same file."""
    rmtree(folder, ignore_errors=True)
    copytree(base, folder, ignore=ignore_patterns("inventory.ndjson", "plan.json"))
    (folder / "inventory.ndjson").hardlink_to(base / "inventory.ndjson")
    patterns = [f'match: {{name: "{one}"}}' for one in generate.globs(globs, anchored)]
    patterns += [f"match: {{nameRegex: '{one}'}}" for one in generate.regexes(regexes, anchored)]
    accounts = len(generate.ACCOUNTS)
    for number, account in enumerate(generate.ACCOUNTS):
        path = folder / "manifests" / f"{account.name}.yaml"
        kept = [one for one in path.read_text("utf-8").splitlines() if "- match:" not in one]
        kept += [f"    - {one}" for one in patterns[number::accounts]]
        path.write_text("\n".join(kept) + "\n", "utf-8")
    return folder


def plan(folder: Path) -> Command:
    return Command([RECONCILER, "-q", "plan", "--out", "plan.json"], folder)


def decode(folder: Path) -> Command:
    return Command([PYTHON, str(HERE / "decode.py"), "inventory.ndjson"], folder)


def measured(place: Path, *, full: int, repeats: int) -> dict[str, Cost]:
    """Every command of this benchmark; *full* is the number of records of the large project."""
    ids, globs, regexes = full // 100, full // 1000, full // 10_000
    usual = {"globs": globs, "regexes": regexes, "anchored": 90}
    large = made(place / "large", records=full, ids=ids, **usual)
    small = made(place / "small", records=full // 10, ids=ids, **usual)
    few = variant(large, place / "few", globs=globs, regexes=regexes, anchored=100)
    many = variant(large, place / "many", globs=10 * globs, regexes=10 * regexes, anchored=100)
    loose = variant(large, place / "loose", globs=globs, regexes=regexes, anchored=0)
    thin = variant(small, place / "thin", globs=globs, regexes=regexes, anchored=0)
    return side_by_side(
        repeats,
        plan=plan(large),
        decode=decode(large),
        small=plan(small),
        few=plan(few),
        many=plan(many),
    ) | side_by_side(max(1, repeats // 2), loose=plan(loose), thin=plan(thin))


def main() -> int:
    arguments = options(__doc__, repeats=5)
    repeats = 3 if arguments.quick else arguments.repeats
    full = 100_000 if arguments.quick else 1_000_000
    with workplace(arguments.folder) as place:
        found = measured(place, full=full, repeats=repeats)
    whole, bare, small = found["plan"], found["decode"], found["small"]
    few, many, loose, thin = found["few"], found["many"], found["loose"], found["thin"]
    count = f"{full:,} records"
    figures = [
        at_most(
            4, f"plan of {count} / typed decode", whole.wall / bare.wall, note=times(whole, bare)
        ),
        at_most(150, f"peak memory of plan, {count}", whole.peak, unit="MiB"),
        at_most(
            1.2,
            "peak memory / with ten times fewer records",
            whole.peak / small.peak,
            note=f"{whole.peak:.0f} MiB to {small.peak:.0f} MiB",
        ),
        at_most(
            1.5, "ten times the selectors, anchored", many.wall / few.wall, note=times(many, few)
        ),
        at_most(10.5, "ten times the records", whole.wall / small.wall, note=times(whole, small)),
        published(
            "the same selectors unanchored / nine in ten anchored",
            loose.wall / whole.wall,
            note=times(loose, whole),
        ),
        published(
            "ten times the records, unanchored",
            loose.wall / thin.wall,
            note=times(loose, thin),
        ),
    ]
    return finish(
        "plan_scale",
        "A plan at scale",
        figures,
        runs=f"{repeats} runs of each, {max(1, repeats // 2)} of the unanchored",
        quick=arguments.quick,
    )


if __name__ == "__main__":
    sys.exit(main())

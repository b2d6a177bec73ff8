"""A plan that deletes everything: its memory, and its time beside a bare typed decode.

    python benchmarks/size.py [--quick] [--folder FOLDER]

1,000,000 campaigns over five accounts, all of them deleted; `--quick` takes 30,000.
"""

import sys
from argparse import Namespace
from pathlib import Path

import generate
from _side import RECONCILER, Command, at_most, finish, options, side_by_side, times, workplace
from plan_scale import decode, plan

_VIEWS = ("text", "html", "csv", "junit", "sarif", "markdown", "github", "terraform-json", "json")


def made(folder: Path, count: int) -> Path:
    """A project of *count* campaigns that should all not exist, unless it is there already."""
    if not (folder / "reconciler.yaml").exists():
        size = Namespace(records=count, ids=0, globs=0, regexes=0, anchored=0)
        generate.write(folder, size)
        for one in generate.ACCOUNTS:
            text = generate.manifest(one, ["match: {createdBefore: 2026-01-01}"])
            (folder / "manifests" / f"{one.name}.yaml").write_text(text, "utf-8")
    return folder


def main() -> int:
    arguments = options(__doc__, repeats=1)
    count = 30_000 if arguments.quick else 1_000_000
    with workplace(arguments.folder) as place:
        folder = made(place / f"all-{count}", count)
        found = side_by_side(arguments.repeats, plan=plan(folder), decode=decode(folder))
        commands = {
            "apply --dry-run": ("apply", "plan.json", "--dry-run"),
            **{f"show, {one}": ("show", "plan.json", "--format", one) for one in _VIEWS},
        }
        found |= side_by_side(
            1,
            **{name: Command([RECONCILER, "-q", *rest], folder) for name, rest in commands.items()},
        )
    whole, bare = found["plan"], found.pop("decode")
    note = times(whole, bare)
    figures = [
        at_most(10, f"plan of {count:,} deletions / typed decode", whole.cpu / bare.cpu, note=note),
        *(
            at_most(400, f"peak memory of {name}", one.peak, unit="MiB", note=f"{one.wall:.0f} s")
            for name, one in found.items()
        ),
    ]
    return finish(
        "size",
        "A plan that deletes everything",
        figures,
        runs=f"{arguments.repeats} runs of plan, 1 of the others",
        quick=arguments.quick,
    )


if __name__ == "__main__":
    sys.exit(main())

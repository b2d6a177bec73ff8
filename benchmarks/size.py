"""A plan that deletes everything: the memory of every command, and what takes long with it.

    python benchmarks/size.py [--quick] [--folder FOLDER]

1,000,000 campaigns over five accounts, all of them deleted; `--quick` takes 30,000. They are
planned and shown; as many of another project are deleted at a vendor on loopback, a hundred a
request; as many of a single account are handed over through a PostgreSQL server of the benchmark's
own, and a worker deletes them, all in one lane.
"""

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import _bulk
import generate
from _side import (
    RECONCILER,
    Command,
    Cost,
    Figure,
    at_most,
    finish,
    options,
    published,
    run,
    side_by_side,
    times,
    workplace,
)
from plan_scale import decode, plan

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.support import postgres

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


def shown(folder: Path) -> dict[str, Cost]:
    """The dry run and every view of a plan."""
    commands = {
        "apply --dry-run": ("apply", "plan.json", "--dry-run"),
        **{f"show, {one}": ("show", "plan.json", "--format", one) for one in _VIEWS},
    }
    asked = {name: Command([RECONCILER, "-q", *rest], folder) for name, rest in commands.items()}
    return side_by_side(1, **asked)


def sent(place: Path, count: int) -> dict[str, Cost]:
    """An apply that sends, and what comes after; each of *count* targets."""

    def reconciler(*rest: str) -> Cost:
        return run(Command([RECONCILER, "-q", *rest], folder))

    with _bulk.vendor() as port:
        folder = _bulk.made(place / f"bulk-{count}", count, port)
        rmtree(folder / ".reconciler", ignore_errors=True)
        return {
            "plan, a hundred a request": reconciler("plan", "--out", "plan.json"),
            "apply": reconciler("apply", "plan.json", "--first-run", "--format", "json"),
            "status": reconciler("status"),
            "status of the plan": reconciler("status", "plan.json"),
            "apply, nothing left": reconciler("apply", "plan.json"),
        }


def handed(place: Path, count: int) -> dict[str, Cost]:
    """The same in one lane, handed over while there is no worker; then one begins, and works it."""
    with postgres.server() as server, server.database("bulk") as name, _bulk.vendor() as port:
        folder = _bulk.made(
            place / f"lane-{count}",
            count,
            port,
            state="{env: RECONCILER_STATE}",
            names=_bulk.ACCOUNTS[:1],
        )
        state = {"RECONCILER_STATE": server.url(name)}

        def reconciler(*rest: str) -> Cost:
            return run(Command([RECONCILER, "-q", *rest], folder, state))

        return {
            "plan, before it is handed over": reconciler("plan", "--out", "plan.json"),
            "apply --workers --detach": reconciler(
                "apply", "plan.json", "--workers", "--detach", "--first-run"
            ),
            "a worker, one lane": reconciler("worker", "--once"),
            "status, PostgreSQL": reconciler("status"),  # with an outcome of each target
        }


def figures(count: int, found: dict[str, Cost], bare: Cost) -> Iterator[Figure]:
    """What came of it."""
    whole = found["plan"]
    what = f"plan of {count:,} deletions / typed decode"
    yield at_most(10, what, whole.cpu / bare.cpu, note=times(whole, bare))
    for name, one in found.items():
        note = f"{one.wall:.0f} s; processor {one.cpu:.0f} s"
        yield at_most(400, f"peak memory of {name}", one.peak, unit="MiB", note=note)
    for name in ("status", "status, PostgreSQL"):
        yield at_most(2, f"{name}, of {count:,} targets", found[name].wall, unit="s")
    # The client plans anew, as every apply does; the rest is what handing over takes.
    again = found["plan, before it is handed over"]
    over = found["apply --workers --detach"]
    less = over.wall - again.wall
    yield at_most(60, "handing over, less a plan", less, unit="s", note=times(over, again))
    yield published("seconds of apply a request", found["apply"].wall * 100 / count, unit="s")


def main() -> int:
    arguments = options(__doc__, repeats=7)
    count = 30_000 if arguments.quick else 1_000_000
    with workplace(arguments.folder) as place:
        folder = made(place / f"all-{count}", count)
        found = side_by_side(arguments.repeats, plan=plan(folder), decode=decode(folder))
        bare = found.pop("decode")
        found |= shown(folder) | sent(place, count) | handed(place, count)
    return finish(
        "size",
        "A plan that deletes everything",
        list(figures(count, found, bare)),
        runs=f"{arguments.repeats} runs of plan, 1 of the others",
        quick=arguments.quick,
    )


if __name__ == "__main__":
    sys.exit(main())

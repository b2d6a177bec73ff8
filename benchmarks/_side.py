"""Side by side: commands that take turns in one run, medians, ratios, and what came of it.

Only ratios count: whatever else the machine does meanwhile hits both sides alike.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PYTHON = sys.executable
RECONCILER = str(Path(PYTHON).with_name("reconciler"))

# The project of `generate.py` names it; no value of it is ever used.
ENVIRONMENT = {
    "BENCH_KEY": "sandbox-bench",
    "BENCHMARK_KEY": "benchmark-key",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "",  # what is installed is compiled, on both sides
}


class Cost(NamedTuple):
    """What one run took: seconds on the clock, seconds of processor, peak memory in MiB.

    Processor and memory include whatever the command started and waited for.
    """

    wall: float
    cpu: float
    peak: float


class Command(NamedTuple):
    """A command, where it runs, and what puts the scene in order before each run."""

    arguments: Sequence[str]
    folder: Path | None = None
    environment: Mapping[str, str] = {}
    before: Callable[[], None] | None = None
    exits: tuple[int, ...] = (0,)


def run(command: Command) -> Cost:
    """Run *command* once; anything but the exit codes it names ends the benchmark."""
    if command.before is not None:
        command.before()
    environment = {**os.environ, **ENVIRONMENT, **command.environment}
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        child = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in command.exits:
            said.seek(0)
            sys.stderr.write(said.read().decode(errors="replace"))
            sys.exit(f"exit {child.returncode}: {' '.join(map(str, command.arguments))}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def side_by_side(repeats: int, **commands: Command) -> dict[str, Cost]:
    """The medians of each command; they take turns, so that a busy minute hits all of them."""
    seen: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            seen[name].append(run(command))
    return {
        name: Cost(*(median(cost[i] for cost in costs) for i in range(3)))
        for name, costs in seen.items()
    }


# ---------------------------------------------------------------- figures


class Figure(NamedTuple):
    """One figure: *value* is a ratio (or MiB), *target* what it may be at most or at least."""

    what: str
    value: float
    how: Literal["at most", "at least", "published"]
    target: float | None = None
    unit: str = "x"
    note: str = ""

    @property
    def holds(self) -> bool:
        if self.target is None:
            return True
        return self.value <= self.target if self.how == "at most" else self.value >= self.target


def at_most(target: float, what: str, value: float, *, unit: str = "x", note: str = "") -> Figure:
    return Figure(what, value, "at most", target, unit, note)


def at_least(target: float, what: str, value: float, *, note: str = "") -> Figure:
    return Figure(what, value, "at least", target, "x", note)


def published(what: str, value: float, *, unit: str = "x", note: str = "") -> Figure:
    return Figure(what, value, "published", None, unit, note)


def times(one: Cost, other: Cost) -> str:
    """The medians behind a ratio, for its note."""
    return f"{one.wall:.2f} s to {other.wall:.2f} s; processor {one.cpu:.2f} s to {other.cpu:.2f} s"


def machine() -> str:
    """This machine in a few words, without its name."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores,"
        f" {pages:.0f} GiB of memory, Python {platform.python_version()}"
    )


def finish(name: str, title: str, figures: Sequence[Figure], *, runs: str, quick: bool) -> int:
    """Print the table and write it to `results/NAME.json`; 1 if a target is missed.

    *runs* says how often each command ran. A *quick* run is for seeing that the
    script works: nothing is judged or kept.
    """
    width = max(len(one.what) for one in figures)
    print(f"\n{title}{' (quick: too small for its targets)' if quick else ''}")
    for one in figures:
        goal = "" if one.target is None else f"{one.how} {one.target:g}"
        verdict = "" if one.target is None else ("" if quick else ("ok" if one.holds else "MISSED"))
        print(f"  {one.what:{width}}  {one.value:8.2f} {one.unit:10}{goal:14}{verdict:8}{one.note}")
    if not quick:
        RESULTS.mkdir(exist_ok=True)
        kept = {
            "title": title,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(),
            "runs": runs,
            "figures": [
                {**one._asdict(), "value": round(one.value, 3), "holds": one.holds}
                for one in figures
            ],
        }
        (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return 0 if quick or all(one.holds for one in figures) else 1


# ---------------------------------------------------------------- the command line


def options(about: str | None, *, repeats: int) -> argparse.Namespace:
    """`--quick`, `--repeats` and `--folder`, as every script takes them."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller, and no result is kept")
    parser.add_argument("--repeats", type=int, default=repeats)
    parser.add_argument("--folder", type=Path, help="work here and keep what was generated")
    return parser.parse_args()


@contextmanager
def workplace(folder: Path | None) -> Iterator[Path]:
    """*folder*, made if need be; else a temporary one."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as made:
        yield Path(made)

"""Gathers `results/*.json` into the table of docs/benchmarks.md.

python benchmarks/_table.py
"""

import json
import sys
from pathlib import Path
from typing import Any

from _side import HERE, RESULTS

PAGE = HERE.parent / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

Every figure is a ratio of two commands that took turns in one run on one machine, so that it holds
on another one too; medians. `make bench` measures them all again and writes this page;
`python benchmarks/NAME.py --quick` shows in a minute that one of them works.
"""


def section(name: str, kept: dict[str, Any]) -> list[str]:
    """One benchmark's table."""
    lines = [
        "",
        f"## {kept['title']}",
        "",
        f"`benchmarks/{name}.py`, {kept['date']}, {kept['machine']}; {kept['runs']}.",
        "",
        "| figure | measured | target | | medians |",
        "|---|---:|---|---|---|",
    ]
    for one in kept["figures"]:
        unit = " ×" if one["unit"] == "x" else f" {one['unit']}"
        target, verdict = "published", ""
        if one["target"] is not None:
            target = f"{one['how']} {one['target']:g}{unit}"
            verdict = "met" if one["holds"] else "**missed**"
        lines.append(
            f"| {one['what']} | {one['value']:.2f}{unit} | {target} | {verdict} | {one['note']} |"
        )
    return lines


def main() -> int:
    lines = [HEAD.rstrip("\n")]
    for path in sorted(RESULTS.glob("*.json")):
        kept = json.loads(path.read_text("utf-8"))
        if {"title", "date", "machine", "runs", "figures"} <= kept.keys():
            lines += section(path.stem, kept)
        else:
            print(f"{path.name} has no figures", file=sys.stderr)
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"written: {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

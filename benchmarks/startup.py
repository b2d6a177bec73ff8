"""How long a short command takes, beside the bare import of what it is written with.

python benchmarks/startup.py [--quick]
"""

import sys
from pathlib import Path

from _side import PYTHON, RECONCILER, Command, at_most, finish, options, side_by_side, times

EXAMPLE = Path(__file__).resolve().parent.parent


def main() -> int:
    arguments = options(__doc__, repeats=31)
    repeats = 7 if arguments.quick else arguments.repeats
    found = side_by_side(
        repeats,
        version=Command([RECONCILER, "--version"], EXAMPLE),
        click=Command([PYTHON, "-c", "import click"], EXAMPLE),
        validate=Command([RECONCILER, "validate"], EXAMPLE),
        pydantic=Command(
            [PYTHON, "-c", "import click, yaml; from pydantic import BaseModel"], EXAMPLE
        ),
    )
    version, click = found["version"], found["click"]
    validate, pydantic = found["validate"], found["pydantic"]
    figures = [
        at_most(
            2.5, "--version / import click", version.wall / click.wall, note=times(version, click)
        ),
        at_most(
            2,
            "validate the example / import click, yaml, pydantic",
            validate.wall / pydantic.wall,
            note=times(validate, pydantic),
        ),
    ]
    return finish(
        "startup", "Start-up", figures, runs=f"{repeats} runs of each", quick=arguments.quick
    )


if __name__ == "__main__":
    sys.exit(main())

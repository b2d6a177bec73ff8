"""Options that several commands share, each worded once, and how they are read."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from reconciler.views import PLAN_FORMATS

F = TypeVar("F", bound=Callable[..., Any])


def INVENTORY(command: F) -> F:  # noqa: N802 - it reads as the constant option it is
    """`--inventory` and `--inventory-format`."""
    kind = click.option(
        "--inventory-format",
        type=click.Choice(["ndjson", "json", "yaml", "csv"]),
        help="The format of the inventory files; default: by their suffix.",
    )
    files = click.option(
        "--inventory",
        multiple=True,
        metavar="FILE",
        help="What exists now; repeatable, - is standard input. Default: the project's.",
    )
    return files(kind(command))


FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(list(PLAN_FORMATS)),
    default="text",
    show_default=True,
    help="The view on stdout; json is the plan itself.",
)


def _reports(
    ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, str]]:
    """The format and the file of each `--report`, checked before any work is done."""
    del ctx, parameter
    found: list[tuple[str, str]] = []
    for one in given:
        name, equals, path = one.partition("=")
        if not equals or not path:
            raise click.UsageError(f"--report: write FORMAT=FILE, not {one!r}")
        if name not in PLAN_FORMATS:
            raise click.UsageError(
                f"--report: no format {name!r}; there are {', '.join(PLAN_FORMATS)}"
            )
        found.append((name, path))
    return found


REPORT = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    callback=_reports,
    help="Write one more view to a file; repeatable.",
)
SHOW_NUMBERS = click.option(
    "--show-numbers", is_flag=True, help="Show phone numbers whole; default: masked."
)

"""Options that several commands share, each worded once, and how they are read."""

import functools
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar, cast

import click

from reconciler.api.given import GivenReading
from reconciler.errors import Usage, check_format
from reconciler.views import PLAN_FORMATS

F = TypeVar("F", bound=Callable[..., Any])


def INVENTORY(command: F) -> F:  # noqa: N802 - it reads as the constant option it is
    """`--inventory`, and the options of `READS`."""
    files = click.option(
        "--inventory",
        multiple=True,
        metavar="FILE",
        help="What exists now; repeatable, - is standard input. Default: the project's.",
    )
    return files(READS()(command))


def READS(*formats: str) -> Callable[[F], F]:  # noqa: N802
    """How the files of an inventory are read; the command gets them together, as `reads`.

    *formats*: how the option of their format is called; default: `--inventory-format`.
    """
    options = (
        click.option(
            *(formats or ("--inventory-format",)),
            "inventory_format",
            type=click.Choice(["ndjson", "json", "yaml", "csv"]),
            help="The format of the inventory files; default: by their suffix.",
        ),
        click.option(
            "--captured-at",
            metavar="TIME|mtime",
            help="When they were taken, where no header says; mtime: when they were changed.",
        ),
        click.option(
            "--map",
            "columns",
            multiple=True,
            metavar="FIELD=COLUMN",
            help="CSV: the column that holds a field; repeatable.",
        ),
        click.option(
            "--set",
            "filled",
            multiple=True,
            metavar="FIELD=TEXT",
            help="CSV: what every record has in a field; repeatable. ids=text: ids are meant as"
            " they are written.",
        ),
        click.option(
            "--date-format",
            metavar="FORMAT",
            help="CSV: how dates are written, such as %d/%m/%Y; %s: seconds since 1970.",
        ),
    )

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def read(
            *args: Any,
            inventory_format: str | None,
            captured_at: str | None,
            columns: tuple[str, ...],
            filled: tuple[str, ...],
            date_format: str | None,
            **others: Any,
        ) -> Any:
            reads: GivenReading = {
                "inventory_format": inventory_format,
                "captured_at": captured_at,
                "date_format": date_format,
                "map": pairs("--map", columns),
                "set": pairs("--set", filled),
            }
            return command(*args, reads=reads, **others)

        made: Any = read
        for option in reversed(options):
            made = option(made)
        return cast(F, made)

    return decorate


def pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """The `FIELD=TEXT` of a repeatable option, each field once."""
    found: dict[str, str] = {}
    for one in given:
        field, equals, value = one.partition("=")
        if not (field and equals):
            raise Usage(f"{option}: write FIELD=TEXT, not {one!r}")
        if field in found:
            raise Usage(f"{option}: {field} is said twice")
        found[field] = value
    return found


VIEW = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The view on stdout.",
)
FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(list(PLAN_FORMATS)),
    default="text",
    show_default=True,
    help="The view on stdout; json is the plan itself.",
)


def report_option(formats: Callable[[], Collection[str]]) -> Callable[[F], F]:
    """`--report FORMAT=FILE`, checked before any work is done: a list of (format, file).

    *formats* is asked only once the option is given.
    """

    def read(
        ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]
    ) -> list[tuple[str, str]]:
        del ctx, parameter
        found: list[tuple[str, str]] = []
        for one in given:
            name, equals, path = one.partition("=")
            if not (name and equals and path):
                raise click.UsageError(f"--report: write FORMAT=FILE, not {one!r}")
            try:
                found.append((check_format(name, formats()), path))
            except Usage as error:
                raise click.UsageError(f"--report: {error}") from error
        return found

    return click.option(
        "--report",
        "reports",
        multiple=True,
        metavar="FORMAT=FILE",
        callback=read,
        help="Write one more view to a file; repeatable.",
    )


REPORT = report_option(lambda: PLAN_FORMATS)
FIT = click.option(
    "--fit",
    type=click.Choice(["github", "gitlab", "azure", "bitbucket"]),
    help="Markdown for this platform: its limit, and FILE.2, FILE.3 … for what does not fit.",
)
SHOW_NUMBERS = click.option(
    "--show-numbers", is_flag=True, help="Show phone numbers whole; default: masked."
)

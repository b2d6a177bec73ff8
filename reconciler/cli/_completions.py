"""What a parameter may be given: from the project, from the folder, or as click knows it."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    _resolve_context,
    _resolve_incomplete,
)

from reconciler.cli.app import App
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.site import Loaded

Item = CompletionItem[str]
Finder = Callable[[click.Context, str], Iterator[Item]]

_INVENTORY: Final = (".ndjson", ".jsonl", ".json", ".csv", ".yaml", ".yml")
_PLAN_BEGINS: Final = b'{"apiVersion":"reconciler/v1","kind":"Plan"'


def completions(shell: ShellComplete, args: list[str], incomplete: str) -> list[Item]:
    """What may stand where *incomplete* is written, behind *args*."""
    context = _resolve_context(shell.cli, shell.ctx_args, shell.prog_name, args)
    wanted, value = _resolve_incomplete(context, args, incomplete)
    find = finder_of(context, wanted) if isinstance(wanted, click.Parameter) else None
    found = list(find(context, value) if find else wanted.shell_complete(context, value))
    if context.info_name == "drivers" and wanted is context.command:
        found += _drivers(context, value)
    option = incomplete.removesuffix(value) if incomplete.startswith("--") else ""
    if option.endswith("="):  # --account=A is one word
        for one in found:
            one.value = f"{option}{one.value}"
    return found


def finder_of(context: click.Context, parameter: click.Parameter) -> Finder | None:
    """What knows the values of *parameter*; None: click does, or nobody."""
    command = context.info_name or ""
    name = parameter.name or ""
    return _OF_ONE.get((command, name)) or _OF_ALL.get(name)


# ---------------------------------------------------------------- of the project


def _site(context: click.Context) -> "App":
    """The app as the options before the command say; it tells nobody anything."""
    options = context.find_root().params
    directory, config = options.get("directory"), options.get("config") or "reconciler.yaml"
    if directory:
        os.chdir(directory)
    path = Path(config)
    default = click.core.ParameterSource.DEFAULT
    named = context.find_root().get_parameter_source("config") not in (None, default)
    root = path.parent if named else None
    return App(root=root, config=path.name, environ=os.environ, quiet=True)


def _loaded(context: click.Context) -> "Loaded | None":
    try:
        return _site(context).site.read()
    except (ReconcilerError, OSError):
        return None


def _accounts(context: click.Context, incomplete: str) -> Iterator[Item]:
    loaded = _loaded(context)
    if loaded is not None and loaded.project is not None:
        for name, account in sorted(loaded.project.accounts.items()):
            if name.startswith(incomplete):
                yield CompletionItem(name, help=account.driver)


def _targets(context: click.Context, incomplete: str) -> Iterator[Item]:
    for one in _accounts(context, incomplete):
        yield CompletionItem(f"{one.value}/", type="part")


def _manifests(context: click.Context, incomplete: str) -> Iterator[Item]:
    loaded = _loaded(context)
    for one in () if loaded is None else loaded.manifests:
        if one.name.startswith(incomplete):
            yield CompletionItem(one.name, help=one.path)


def _drivers(context: click.Context, incomplete: str) -> Iterator[Item]:
    from reconciler.api.drivers import drivers

    del context
    for one in drivers()[0]:
        if one["name"].startswith(incomplete):
            yield CompletionItem(one["name"], help=one["title"])


def _pairs(context: click.Context, incomplete: str) -> Iterator[Item]:
    """`ACCOUNT=DRIVER`."""
    account, equals, driver = incomplete.partition("=")
    if not equals:
        for one in _accounts(context, account):
            yield CompletionItem(f"{one.value}=", type="part")
        return
    for one in _drivers(context, driver):
        yield CompletionItem(f"{account}={one.value}", help=one.help)


def _conditions(context: click.Context, incomplete: str) -> Iterator[Item]:
    """`KEY=` of a match."""
    from reconciler.api.generate import CONDITIONS

    del context
    for key in CONDITIONS:
        end = "." if key.startswith("label") else "="
        if f"{key}{end}".startswith(incomplete):
            yield CompletionItem(f"{key}{end}", type="part")


# ---------------------------------------------------------------- of the folder


def _files(context: click.Context, incomplete: str) -> Iterator[Item]:
    del context
    yield CompletionItem(incomplete, type="file")


def _folders(context: click.Context, incomplete: str) -> Iterator[Item]:
    del context
    yield CompletionItem(incomplete, type="dir")


def _plans(context: click.Context, incomplete: str) -> Iterator[Item]:
    yield from _some(context, incomplete, _is_plan)


def _inventories(context: click.Context, incomplete: str) -> Iterator[Item]:
    yield from _some(context, incomplete, _is_inventory)


def _some(
    context: click.Context, incomplete: str, wanted: Callable[[Path], bool]
) -> Iterator[Item]:
    """The files that are *wanted*, and folders on the way; if there are none, the shell's own.

    What only the shell understands (`~`, `$HOME`) is left to it.
    """
    folder, _, start = incomplete.rpartition("/")
    head = incomplete[: len(incomplete) - len(start)]
    found: list[Item] = []
    if not incomplete.startswith(("~", "$")):
        _site(context)  # paths count from -C
        found = [
            CompletionItem(f"{head}{one.name}{'/' if one.is_dir() else ''}", type="path")
            for one in _there(Path(folder or ("/" if head else ".")), start)
            if one.is_dir() or wanted(one)
        ]
    if any(not one.value.endswith("/") for one in found):
        yield from found
    else:
        yield CompletionItem(incomplete, type="file")


def _there(folder: Path, start: str) -> list[Path]:
    try:
        return sorted(
            one
            for one in folder.iterdir()
            if one.name.startswith(start) and not (one.name.startswith(".") and not start)
        )
    except OSError:
        return []


def _is_plan(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_PLAN_BEGINS)) == _PLAN_BEGINS
    except OSError:
        return False


def _is_inventory(path: Path) -> bool:
    name = path.name.removesuffix(".gz")
    return path.is_file() and name.endswith(_INVENTORY) and not _is_plan(path)


def _formats_of_plans(context: click.Context, incomplete: str) -> Iterator[Item]:
    from reconciler.views import PLAN_FORMATS

    del context
    yield from _reports(incomplete, PLAN_FORMATS)


def _formats_of_reports(context: click.Context, incomplete: str) -> Iterator[Item]:
    from reconciler.views import REPORT_FORMATS

    del context
    yield from _reports(incomplete, REPORT_FORMATS)


def _formats_of_validate(context: click.Context, incomplete: str) -> Iterator[Item]:
    from reconciler.views.diagnostics import FORMATS

    del context
    yield from _reports(incomplete, FORMATS)


def _reports(incomplete: str, formats: Iterable[str]) -> Iterator[Item]:
    """`FORMAT=FILE`: formats, then files."""
    name, equals, path = incomplete.partition("=")
    if not equals:
        yield from (
            CompletionItem(f"{one}=", type="part") for one in formats if one.startswith(name)
        )
        return
    for one in _there(Path(path.rpartition("/")[0] or "."), path.rpartition("/")[2]):
        head = path[: len(path) - len(path.rpartition("/")[2])]
        ending = "/" if one.is_dir() else ""
        yield CompletionItem(f"{name}={head}{one.name}{ending}", type="path")


_OF_ONE: Final[dict[tuple[str, str], Finder]] = {
    ("apply", "reports"): _formats_of_reports,
    ("validate", "reports"): _formats_of_validate,
    ("plan", "reports"): _formats_of_plans,
    ("show", "reports"): _formats_of_plans,
    ("show", "path"): _plans,
    ("show", "other"): _plans,
    ("show", "name"): _drivers,
    ("init", "driver"): _drivers,
    ("settle", "arguments"): _plans,
    ("stats", "files"): _inventories,
    ("sandbox", "files"): _inventories,
    ("sandbox", "vendors"): _pairs,
    ("generate", "from_"): _files,
    ("generate", "matches"): _conditions,
    ("try", "path"): _files,
    ("approve", "key"): _files,
    ("new", "out"): _folders,
}
"""By command and parameter."""

_OF_ALL: Final[dict[str, Finder]] = {
    "account": _accounts,
    "accounts": _accounts,
    "allow_shrink": _accounts,
    "manifests": _manifests,
    "plan": _plans,
    "target": _targets,
    "targets": _targets,
    "exclude": _targets,
    "inventory": _inventories,
    "source": _inventories,
    "before": _inventories,
    "after": _inventories,
    "out": _files,
    "approvals": _files,
    "events": _files,
    "workflow": _files,
}
"""By the name of the parameter, whichever command has it."""

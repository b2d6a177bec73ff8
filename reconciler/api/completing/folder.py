"""Candidates of the working folder: plans, inventories, reports; files as the shell knows them."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from reconciler.api.completing import Completion
from reconciler.site import Site

_INVENTORY: Final = (".ndjson", ".jsonl", ".json", ".csv", ".yaml", ".yml")
_PLAN_BEGINS: Final = b'{"apiVersion":"reconciler/v1","kind":"Plan"'


def files(site: Site, begun: str) -> Iterator[Completion]:
    """Any file: the shell's own completion."""
    del site
    yield Completion(begun, "file")


def folders(site: Site, begun: str) -> Iterator[Completion]:
    """Any folder: the shell's own completion."""
    del site
    yield Completion(begun, "dir")


def plans(site: Site, begun: str) -> Iterator[Completion]:
    """Files that begin as a plan does."""
    del site
    yield from _some(begun, _is_plan)


def inventories(site: Site, begun: str) -> Iterator[Completion]:
    """Files that an inventory may be, by their suffix."""
    del site
    yield from _some(begun, _is_inventory)


def reports(begun: str, formats: Iterable[str]) -> Iterator[Completion]:
    """`FORMAT=FILE`: formats, then files."""
    name, equals, path = begun.partition("=")
    if not equals:
        yield from (Completion(f"{one}=", "part") for one in formats if one.startswith(name))
        return
    for one in _there(path):
        yield Completion(f"{name}={one.value}", one.kind)


def plan_reports(site: Site, begun: str) -> Iterator[Completion]:
    """`FORMAT=FILE` of a plan's views."""
    from reconciler.views import PLAN_FORMATS

    del site
    return reports(begun, PLAN_FORMATS)


def apply_reports(site: Site, begun: str) -> Iterator[Completion]:
    """`FORMAT=FILE` of an apply's views."""
    from reconciler.views import REPORT_FORMATS

    del site
    return reports(begun, REPORT_FORMATS)


def validate_reports(site: Site, begun: str) -> Iterator[Completion]:
    """`FORMAT=FILE` of the views of `validate`."""
    from reconciler.views.diagnostics import FORMATS

    del site
    return reports(begun, FORMATS)


def _some(begun: str, wanted: Callable[[Path], bool]) -> Iterator[Completion]:
    """The files that are *wanted*, and folders on the way; if there are none, the shell's own.

    What only the shell understands (`~`, `$HOME`) is left to it.
    """
    found = [] if begun.startswith(("~", "$")) else list(_there(begun, wanted))
    if any(not one.value.endswith("/") for one in found):
        yield from found
    else:
        yield Completion(begun, "file")


def _there(begun: str, wanted: Callable[[Path], bool] = lambda _: True) -> Iterator[Completion]:
    """The folders, and the *wanted* files, whose paths begin so; hidden ones if asked for."""
    head, slash, start = begun.rpartition("/")
    try:
        found = sorted(Path(head or slash or ".").iterdir())
    except OSError:
        return
    for one in found:
        if not one.name.startswith(start) or (one.name.startswith(".") and not start):
            continue
        if one.is_dir():
            yield Completion(f"{head}{slash}{one.name}/", "path")
        elif wanted(one):
            yield Completion(f"{head}{slash}{one.name}", "path")


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

"""`validate`: project and manifests checked; no inventory, no secret, no network."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs

from reconciler.api.given import Some, texts
from reconciler.errors import Diagnostic, InputError, ReconcilerError
from reconciler.site import Loaded, Site


@dataclass(frozen=True, slots=True)
class Validation:
    """Files that are right. *files* were read; *diagnostics* are what one may wonder about.

    All paths count from the working directory.
    """

    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def validate(site: Site, paths: Some = ()) -> Validation:
    """The files that were read and the warnings; `InputError` with all there is, if any is wrong.

    With *paths* only what concerns them counts.
    """
    loaded = _read(site)
    told = _only(loaded, texts(paths))
    if any(one.severity == "error" for one in told):
        raise InputError(told)
    return Validation(loaded.files, told)


def _read(site: Site) -> Loaded:
    """All there is; a project file that cannot be read is a diagnostic like any other."""
    from reconciler.plan import scopes

    try:
        loaded = site.read()
        if loaded.project is None:
            return loaded
        accounts = loaded.project.accounts
        told = scopes.told(accounts, site.drivers_of(loaded.project), loaded.files[0])
        return structs.replace(loaded, diagnostics=(*loaded.diagnostics, *told))
    except ReconcilerError as error:
        path = site.shown(site.config)
        return Loaded(None, (), (), (Diagnostic("error", "unreadable", str(error), path),))


def _only(loaded: Loaded, paths: Sequence[str]) -> tuple[Diagnostic, ...]:
    """The diagnostics of *paths* (all without any), by file and line."""
    wanted = [os.path.abspath(path) for path in paths]
    known = {*loaded.files, *(one.path for one in loaded.diagnostics if one.path)}
    for given, path in zip(paths, wanted, strict=True):
        if not any(_covers(path, file) for file in known):
            raise ReconcilerError(f"{given} is none of the project's files, or holds none")
    return tuple(
        one
        for one in loaded.diagnostics
        if not wanted or (one.path and any(_covers(path, one.path) for path in wanted))
    )


def _covers(path: str, file: str) -> bool:
    full = os.path.abspath(file)
    return full == path or full.startswith(path.rstrip(os.sep) + os.sep)

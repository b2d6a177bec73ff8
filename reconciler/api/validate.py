"""`validate`: project and manifests checked; no inventory, no secret, no network."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from reconciler.api.given import Some, texts
from reconciler.errors import Diagnostic, InputError, ReconcilerError
from reconciler.site import Loaded, Site

if TYPE_CHECKING:
    from reconciler.declare.project import ProjectFile


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
        told = [*told, *_signers(site, loaded.project), *_ca_files(site, loaded.project)]
        return structs.replace(loaded, diagnostics=(*loaded.diagnostics, *told))
    except ReconcilerError as error:
        path = site.shown(site.config)
        fix = "mend that, then check again: nothing else could be read"
        return Loaded(None, (), (), (Diagnostic("error", "unreadable", str(error), path, fix=fix),))


def _signers(site: Site, project: "ProjectFile") -> list[Diagnostic]:
    """What is wrong with the file of those who may approve, if the project has one."""
    from reconciler import disk
    from reconciler.prove import signers

    rule = project.guards.approvals
    if rule is None:
        return []
    try:
        place = disk.inside(site.root, rule.allowed_signers)
        data = disk.read_file(place, what="the allowed signers")
    except ReconcilerError as error:
        where = _place(site, ("spec", "guards", "approvals", "allowedSigners"))
        fix = "write it (one line each: NAME ssh-ed25519 AAAA…), or correct the path"
        path = site.shown(site.config)
        return [Diagnostic("error", "allowed-signers", str(error), path, *where, fix)]
    return signers.wrong(data, site.shown(rule.allowed_signers))


def _ca_files(site: Site, project: "ProjectFile") -> list[Diagnostic]:
    """A `caFile` that is not here may be where the requests are sent from: a warning."""
    found = []
    for name, account in sorted(project.accounts.items()):
        if account.ca_file is not None and not (site.root / account.ca_file).is_file():
            said = f"account {name}: there is no file {account.ca_file} here; apply needs it"
            where = _place(site, ("spec", "accounts", name, "caFile"))
            fix = "put it there where apply runs, or correct the path"
            path = site.shown(site.config)
            found.append(Diagnostic("warning", "ca-file", said, path, *where, fix))
    return found


def _place(site: Site, loc: tuple[str | int, ...]) -> tuple[int, int]:
    """Where the project file says what is at *loc*."""
    from reconciler import disk
    from reconciler.declare.strict import parse

    data = disk.read_file(site.root / site.config, what="the project file")
    return parse(data, site.config)[0][0].blame(loc)


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


def checked_out(told: Sequence[Diagnostic], environ: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """*told* with paths as a code host knows them: from the top of the checkout.

    *environ* says where that is, and if it does not, paths are as they were.
    """
    top = environ.get("GITHUB_WORKSPACE")
    if not top:
        return tuple(told)
    real = os.path.realpath(top)
    return tuple(
        structs.replace(one, path=os.path.relpath(place, real))
        if one.path and Path(place := os.path.realpath(one.path)).is_relative_to(real)
        else one
        for one in told
    )

"""`drivers new`: a package for another vendor's driver, with its conformance test."""

import re
from pathlib import Path

from reconciler import __version__, disk, drivers
from reconciler.errors import ReconcilerError, Usage
from reconciler.testing.package import package


def new_driver(name: str, out: Path | None = None) -> list[Path]:
    """Write the package for the driver *name* to the folder *out* (default: ./reconciler-NAME).

    Returns the files that were written. Nothing is overwritten: the folder is new, or empty.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > 40:
        raise Usage(
            f"{name!r} cannot be a driver's name; write lower-case letters, digits and single "
            "dashes, such as acme or acme-sms"
        )
    if name in drivers.BUILT_IN:
        raise Usage(f"the driver {name!r} is built in: `reconciler drivers {name}` shows it")
    folder = out or Path(f"reconciler-{name}")
    if folder.is_symlink() or (folder.exists() and not _is_empty(folder)):
        raise ReconcilerError(
            f"{folder} is there already, and nothing was written; name another folder with --out"
        )
    written = []
    for path, text in package(name, __version__):
        place = folder / path
        disk.make_folder(place.parent)
        disk.write_whole(place, text.encode())
        written.append(place)
    return written


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())

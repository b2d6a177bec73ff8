"""The project that a folder lies in: the nearest project file above, inside one git work tree."""

import os
from pathlib import Path


def project_above(start: Path, config: str) -> Path | None:
    """The nearest folder above *start* that has the file *config*, up to the work tree's root.

    As seen from *start*. None if there is none, or if *start* lies in no git work tree: then only
    *start* counts. A folder of somebody else's ends the search: what lies there may be anybody's.
    """
    found: Path | None = None
    here = Path(os.path.realpath(start))
    for folder in (here, *here.parents):
        if folder != here and not _ours(folder):
            return None
        if found is None and folder != here and (folder / config).is_file():
            found = folder
        if (folder / ".git").exists():
            return None if found is None else Path(os.path.relpath(found, here))
    return None


def _ours(folder: Path) -> bool:
    try:
        return folder.stat().st_uid == os.geteuid()
    except OSError:
        return False

"""The wheel, as pip gets it, and the command that it gives: nothing of this checkout is seen."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pip(*arguments: str | Path) -> None:
    """Run pip, without a network."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def build(folder: Path) -> Path:
    """The wheel, built in *folder* by the build backend that is installed here."""
    pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    (built,) = folder.iterdir()
    return built


def install(wheel: Path, site: Path) -> None:
    """Put *wheel* into the folder *site*; only what it depends on comes from here."""
    pip("install", "--no-index", "--no-deps", "--target", site, wheel)


def command(site: Path, folder: Path) -> dict[str, str]:
    """An environment in which `reconciler` is what was installed in *site*."""
    folder.mkdir(exist_ok=True)
    script = folder / "reconciler"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{site}/bin/reconciler" "$@"\n')
    script.chmod(0o755)
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(site),
        "HOME": str(folder.parent),
        "LANG": "C.UTF-8",
    }

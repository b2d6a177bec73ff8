"""What pip gets: a wheel that is whole, and that gives the command `reconciler`."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler import __version__
from tests.support.wheel import ROOT, build, install, pip

Run = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network by the build backend that is installed here."""
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def run(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs Python in a folder with the wheel installed; only its dependencies come from here."""
    site = tmp_path_factory.mktemp("site")
    install(wheel, site)
    script = site / "bin" / "reconciler"

    def ran(*command: str, cwd: Path) -> str:
        done = subprocess.run(
            [sys.executable, *([script] if command[0] != "-c" else []), *command],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return ran


def test_the_wheel_has_the_distributions_name_and_the_packages_version(wheel: Path) -> None:
    assert wheel.name == f"campaign_reconciler-{__version__}-py3-none-any.whl"


def test_the_wheel_holds_the_package_whole_and_nothing_else(wheel: Path) -> None:
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "reconciler"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    ours = {os.fsdecode(one) for one in found.split(b"\0") if one}
    with zipfile.ZipFile(wheel) as packed:
        names = {one for one in packed.namelist() if ".dist-info/" not in one}
    assert names == {one for one in ours if (ROOT / one).is_file()}


def test_the_wheel_is_the_same_to_the_byte_wherever_and_whenever_it_is_built(
    wheel: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    shutil.copytree(
        ROOT / "reconciler",
        copy / "reconciler",
        copy_function=shutil.copyfile,  # with other times
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for path in (copy / "reconciler").rglob("*.py"):
        path.chmod(0o600)
    pip("wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, copy)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_installed_wheel_gives_the_command(run: Run, tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path) == f"reconciler {__version__}\n"
    home = run("-c", "import reconciler; print(reconciler.__file__)", cwd=tmp_path)
    assert not Path(home).is_relative_to(ROOT)


def test_the_installed_wheel_validates_and_plans(run: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "too-wide", tmp_path / "project")
    assert "valid" in run("validate", cwd=tmp_path / "project")
    assert "Refused, expectation" in run("plan", cwd=tmp_path / "project")
    for kind in ("project", "manifest", "inventory", "plan", "report"):
        assert run("schema", kind, cwd=tmp_path).startswith("{")

"""The locks in requirements/: which there are, and whether one is of today's pyproject.toml.

    python scripts/locked.py make        write them anew with uv; --upgrade: the newest versions
    python scripts/locked.py check LOCK  exit 1, with the reason, if LOCK does not fit

`build` makes the wheel, `run` is what a user installs with every extra, `ci` what the tests need,
`supply` what looks after these locks; `init --ci` writes a fifth, for jobs that install reconciler
itself from its repository. Each names every file by its hash: pip takes these or none.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
TEMPLATE = ROOT / "reconciler" / "api" / "init" / "templates" / "reconciler.lock"
PYTHONS = ((3, 11), (3, 12), (3, 13))
OURS = ("dev", "docs", "supply")  # extras that no user installs
MARK = "# requirements of pyproject.toml: "


def declared() -> dict[str, object]:
    """Everything in pyproject.toml that decides what is installed."""
    read = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = read["project"]
    return {
        "build": read["build-system"]["requires"],
        "run": project["dependencies"],
        "extras": project["optional-dependencies"],
    }


def digest() -> str:
    """Of `declared`; it stands at the head of each lock."""
    return hashlib.sha256(json.dumps(declared(), sort_keys=True).encode()).hexdigest()


def trouble(lock: Path) -> str | None:
    """Why *lock* cannot be installed here, or None."""
    if not lock.is_file():
        return f"there is no {lock.name}"
    if sys.version_info[:2] not in PYTHONS:
        return f"{lock.name} is not for Python {sys.version_info[0]}.{sys.version_info[1]}"
    if MARK + digest() not in lock.read_text("utf-8").splitlines()[:1]:
        return f"{lock.name} is older than pyproject.toml (make lock)"
    return None


def make(options: list[str]) -> None:
    """Write all locks. What an earlier one pins stays, unless it no longer may."""
    known = declared()
    extras = known["extras"]
    assert isinstance(extras, dict)
    build = known["build"]
    assert isinstance(build, list)
    users = [one for one in extras if one not in OURS]
    for name, arguments, given in (
        ("build", ["-"], [*build, "editables"]),
        ("run", _of_project(users), []),
        ("ci", _of_project([*users, "dev", "docs"]), []),
        ("supply", [*_of_project(["supply"]), "--constraint=requirements/ci.lock"], []),
    ):
        _compile(FOLDER / f"{name}.lock", [*arguments, *options], "\n".join(given))
    pins = "--constraint=requirements/run.lock"
    _compile(TEMPLATE, ["pyproject.toml", "-", pins, *options], "\n".join(build))


def _of_project(extras: list[str]) -> list[str]:
    return ["pyproject.toml", *(f"--extra={one}" for one in extras)]


def _compile(lock: Path, arguments: list[str], given: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    uv += ["--python-version=3.11", "--generate-hashes", "--custom-compile-command=make lock"]
    command = [*uv, f"--output-file={lock}", *arguments]
    subprocess.run(command, cwd=ROOT, input=given, text=True, check=True)
    lock.write_text(f"{MARK}{digest()}\n{lock.read_text('utf-8')}", "utf-8")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["make", *options]:
            make(options)
        case ["check", lock]:
            if (why := trouble(Path(lock))) is not None:
                print(why)
                return 1
        case _:
            print(__doc__)
            return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The files that `init --ci` writes: workflows, and the lock that they install from."""

from collections.abc import Sequence
from typing import Final

from reconciler import __version__
from reconciler.api.init.assets import text

# The bare name `reconciler` belongs to another project on the index. Until ours is published, its
# repository at the tag of this version is what a workflow installs; all that it needs, and what
# builds it, stands with its hashes in the lock.
_SOURCE: Final = f"git+https://github.com/campaign-reconciler/reconciler@v{__version__}"
_INSTALL: Final = (
    "pip install --quiet --require-hashes -r reconciler.lock",
    f'pip install --quiet --no-deps --no-build-isolation "campaign-reconciler @ {_SOURCE}"',
)
_LOCK: Final = "reconciler.lock"
_FOLDER: Final = ".github/workflows"
_WRITTEN: Final = {
    "github": {
        f"{_FOLDER}/reconciler.yaml": "github-plan.yaml",
        f"{_FOLDER}/reconciler-comment.yaml": "github-comment.yaml",
        f"{_FOLDER}/reconciler-inventory.yaml": "github-inventory.yaml",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab.yaml"},
    "other": {},
}


def workflows(ci: str, *, credentials: Sequence[str]) -> dict[str, str]:
    """Path -> text of what *ci* (`github`, `gitlab`, `other`: only the lock) needs.

    *credentials*: the variables that the project file's accounts read, which only the jobs that
    apply and that pull may have.
    """
    files = {path: _filled(text(name), credentials) for path, name in _WRITTEN[ci].items()}
    return {**files, _LOCK: _lock()}


def _lock() -> str:
    """What jobs install, each file by its hash."""
    _, _, pinned = text(_LOCK).partition("make lock\n")
    return f"# What reconciler {__version__} needs; `reconciler init --ci` wrote it.\n{pinned}"


def _filled(template: str, credentials: Sequence[str]) -> str:
    secrets = "\n".join(f"          {one}: ${{{{ secrets.{one} }}}}" for one in credentials)
    for number, line in enumerate(_INSTALL, 1):
        template = template.replace(f"@install_{number}@", line)
    template = _indented(template, "@install@", "\n".join(_INSTALL))
    template = _indented(template, "@inventory@", text("github-newest-inventory.sh").rstrip("\n"))
    return template.replace("@secrets@", secrets or "          NO_CREDENTIAL: none")


def _indented(template: str, mark: str, block: str) -> str:
    """*block* where *mark* stands, each line as far in as it."""
    lines = []
    for line in template.split("\n"):
        if line.strip() == mark:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [f"{indent}{one}" for one in block.split("\n")]
        else:
            lines.append(line)
    return "\n".join(lines)

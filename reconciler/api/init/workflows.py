"""The workflows that `init --ci` writes."""

from collections.abc import Sequence
from typing import Final

from reconciler import __version__
from reconciler.api.init.assets import text

# The bare name `reconciler` belongs to another project on the index. Until ours is published, its
# repository at the tag of this version is what a workflow installs.
_INSTALL: Final = (
    'pip install "campaign-reconciler @ '
    f'git+https://github.com/campaign-reconciler/reconciler@v{__version__}"'
)
_WRITTEN: Final = {
    "github": {".github/workflows/reconciler.yaml": "github.yaml"},
    "gitlab": {".gitlab-ci.yml": "gitlab.yaml"},
}


def workflows(ci: str, *, credentials: Sequence[str]) -> dict[str, str]:
    """Path -> text of what *ci* (`github`, `gitlab`) needs.

    *credentials*: the variables that the project file's accounts read, which only the job that
    applies may have.
    """
    return {path: _filled(text(name), credentials) for path, name in _WRITTEN[ci].items()}


def _filled(template: str, credentials: Sequence[str]) -> str:
    secrets = "\n".join(f"          {one}: ${{{{ secrets.{one} }}}}" for one in credentials)
    return template.replace("@install@", _INSTALL).replace("@secrets@", secrets)

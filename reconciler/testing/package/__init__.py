"""A package for another vendor's driver, written from templates: what `drivers new` makes."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

_FILES: Final = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".github/workflows/test.yaml": "workflow.yaml",
    "@MODULE@/__init__.py": "init.py",
    "@MODULE@/driver.py": "driver.py",
    "tests/test_driver.py": "test_driver.py",
}
_REPOSITORY: Final = "https://github.com/campaign-reconciler/reconciler"


def package(name: str, version: str) -> Iterator[tuple[str, str]]:
    """The files of a package for the driver *name*: path inside its folder, text.

    *version*: that of reconciler which it needs at least.
    """
    words = {
        "@NAME@": name,
        "@MODULE@": f"reconciler_{name.replace('-', '_')}",
        "@CLASS@": "".join(part.capitalize() for part in name.split("-")),
        "@ENV@": name.replace("-", "_").upper(),
        "@VERSION@": version,
        "@REPOSITORY@": _REPOSITORY,
    }
    for path, source in _FILES.items():
        text = files(__package__).joinpath("files", f"{source}.txt").read_text("utf-8")
        yield _filled(path, words), _filled(text, words)


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text

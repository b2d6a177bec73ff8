"""docs/driver-kit.md as files and commands, and the driver of examples/driver-package."""

import re
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "driver-kit.md").read_text("utf-8")
PACKAGE = ROOT / "examples" / "driver-package"
_TITLED = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def page_files() -> dict[str, str]:
    """Path -> text of every file that the page shows."""
    return dict(_TITLED.findall(PAGE))


def page_commands() -> list[str]:
    """Every command that the page types, in its order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


@cache
def acme() -> Any:
    """The test module of examples/driver-package: its EXAMPLE is the driver's."""
    _load("reconciler_acme", PACKAGE / "reconciler_acme" / "__init__.py")
    _load("reconciler_acme.driver", PACKAGE / "reconciler_acme" / "driver.py")
    return _load("acme_test_driver", PACKAGE / "tests" / "test_driver.py")


def _load(name: str, path: Path) -> Any:
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module

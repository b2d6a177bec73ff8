"""What makes a start light: nothing is looked up among installed packages before it is needed.

pydantic asks every installed distribution for plugins when the first model is built. A plugin
could change how files are read, so none is wanted; and to look for them costs more than to import
all of ours. Its switch for that (PYDANTIC_DISABLE_PLUGINS) is read only after the costly import.
"""

import importlib
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

_LOADER = "pydantic.plugin._loader"


class _NoPlugins(ModuleType):
    """Stands for pydantic's loader of plugins; for anything else it makes way for the real one."""

    @staticmethod
    def get_plugins() -> Iterable[object]:
        return ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import system asks of every module
            raise AttributeError(name)
        if sys.modules.get(_LOADER) is self:
            del sys.modules[_LOADER]
        return getattr(importlib.import_module(_LOADER), name)


def lighten() -> None:
    """No plugins of pydantic, and no search for them."""
    sys.modules.setdefault(_LOADER, _NoPlugins(_LOADER))

"""docs/drivers.md: the driver it shows how to write passes the suite, and its table is true."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from reconciler import drivers
from reconciler.driver import settings_of
from reconciler.testing import conformance

PAGE = (Path(__file__).parents[2] / "docs" / "drivers.md").read_text(encoding="utf-8")


@pytest.fixture
def acme(monkeypatch):
    module = ModuleType("acme_reconciler")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    exec(compile(code, module.__name__, "exec"), module.__dict__)
    return module


def test_the_example_passes_the_suite(acme):
    for check in conformance(acme.EXAMPLE):
        check()


def test_every_driver_and_each_of_its_settings_is_on_the_page():
    for name in ("batch-cep", "batch-mep", "cellcast", "kore", "ozonetel"):
        section = re.search(rf"^## {name}$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
        assert section, name
        for key in (one.name for one in settings_of(drivers.find(name).settings)):
            assert f"`{key}`" in section[1], f"{name}: {key}"

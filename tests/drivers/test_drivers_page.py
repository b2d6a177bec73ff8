"""docs/drivers.md: the driver it shows how to write passes the suite, and its table is true."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from reconciler import drivers
from reconciler.driver import settings_of
from reconciler.testing import conformance
from tests.support import cookbook, driver_examples, second_ring

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "drivers.md").read_text(encoding="utf-8")
EXAMPLES = (
    *driver_examples.EXAMPLES,
    *second_ring.EXAMPLES,
    cookbook.EXAMPLES["crm"],
)


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


@pytest.mark.parametrize("name", list(drivers.BUILT_IN))
def test_every_driver_has_a_page_with_each_of_its_settings(name):
    page = (DOCS / "drivers" / f"{name}.md").read_text(encoding="utf-8")
    for key in (one.name for one in settings_of(drivers.find(name).settings)):
        assert f"`{key}`" in page, key


@pytest.mark.parametrize("name", list(drivers.BUILT_IN))
def test_every_driver_is_in_the_table_with_its_limits(name):
    (row,) = re.findall(rf"^\| \[`{name}`\]\(drivers/{name}\.md\) \|.*$", PAGE, re.MULTILINE)
    example = next(one for one in EXAMPLES if one.driver.name == name)
    limits = example.driver.limits(example.checked)
    assert f"{limits.requests} per {limits.per:g} s, {limits.concurrency} at a time" in row
    assert row.endswith("complete |" if example.driver.complete else "partial |")

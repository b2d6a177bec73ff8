"""docs/drivers.md: its tables are true, and every driver has a page."""

import re
from pathlib import Path

import pytest

from reconciler import drivers
from reconciler.driver import settings_of
from scripts import tables
from tests.support import cookbook, driver_examples, second_ring

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "drivers.md").read_text(encoding="utf-8")
EXAMPLES = (
    *driver_examples.EXAMPLES,
    *second_ring.EXAMPLES,
    cookbook.EXAMPLES["crm"],
)


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


def test_the_pages_have_the_clauses_and_what_the_suite_saw():
    """`python scripts/tables.py` writes both."""
    for name, marker, table in (
        ("driver-kit.md", "clauses", tables.clauses()),
        ("drivers.md", "capabilities", tables.capabilities()),
    ):
        page = (DOCS / name).read_text("utf-8")
        assert tables.written(page, marker, table) == page
        assert table in page


def test_no_driver_believes_a_lie():
    believed = re.findall(r"^\| `[\w-]+` \|.*\| (\d+) \|$", tables.capabilities(), re.MULTILINE)
    assert believed == ["0"] * len(drivers.BUILT_IN)

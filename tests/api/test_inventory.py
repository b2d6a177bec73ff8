"""Inventories compared, counted and converted, as values."""

import io
from pathlib import Path

import pytest

import reconciler
from tests.api.conftest import INVENTORY


def test_what_changed_between_two_inventories(project: reconciler.Project, root: Path) -> None:
    (root / "new.ndjson").write_text(INVENTORY.replace('"c1"', '"c3"').replace("Two", "2"))
    found = project.diff(root / "inventory.ndjson", root / "new.ndjson")
    assert [one.id for one in found.appeared] == ["c3"]
    assert [one.id for one in found.gone] == ["c1"]
    ((record, (change,)),) = found.changed
    assert (record.id, change.path, change.before, change.after) == ("c2", ("name",), "Two", "2")


def test_how_many_campaigns_there_are(project: reconciler.Project) -> None:
    found = project.stats()
    assert (found.campaigns, found.by_account()) == (2, [("push", 2)])
    assert found.by_status() == [("completed", 2)]


def test_an_inventory_is_written_in_another_format(project: reconciler.Project, root: Path) -> None:
    assert project.convert(root / "inventory.ndjson", root / "inventory.csv") == 2
    assert (root / "inventory.csv").read_text().splitlines()[0].startswith("account,id,name")
    stream = io.BytesIO()
    assert project.convert(root / "inventory.ndjson", stream, to="json") == 2
    assert b'"campaigns"' in stream.getvalue()
    with pytest.raises(reconciler.Usage, match="does not say its format"):
        project.convert(root / "inventory.ndjson", io.BytesIO())


def test_nothing_is_written_of_an_inventory_that_is_wrong(
    project: reconciler.Project, root: Path
) -> None:
    (root / "inventory.ndjson").write_text('{"account":"push"}\n')
    with pytest.raises(reconciler.InputError):
        project.convert(root / "inventory.ndjson", root / "new.json")
    assert not (root / "new.json").exists()

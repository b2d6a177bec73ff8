"""What `init` writes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli import main as cli


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "--ci", "github"]) == 0
    return tmp_path


def steps(written: Path) -> list[dict[str, Any]]:
    workflow = yaml.safe_load((written / ".github/workflows/reconciler.yaml").read_text())
    found: list[dict[str, Any]] = workflow["jobs"]["apply"]["steps"]
    return found


def test_the_journal_is_kept_whatever_the_exit_code(written: Path) -> None:
    found = steps(written)
    (apply,) = [i for i, one in enumerate(found) if "reconciler apply" in one.get("run", "")]
    (save,) = [i for i, one in enumerate(found) if "cache/save" in one.get("uses", "")]
    (restore,) = [i for i, one in enumerate(found) if "cache/restore" in one.get("uses", "")]
    assert restore < apply < save
    assert found[save]["if"] == "always()"
    assert found[save]["with"]["path"] == found[restore]["with"]["path"] == ".reconciler"
    assert not [one for one in found if one.get("uses", "").startswith("actions/cache@")]


def test_a_journal_from_a_cache_may_be_old_so_ci_looks_first(written: Path) -> None:
    project = yaml.safe_load((written / "reconciler.yaml").read_text())
    assert [one["before"] for one in project["spec"]["accounts"].values()] == ["look"]


def test_what_it_writes_is_valid(written: Path) -> None:
    assert cli.main(["validate"]) == 0

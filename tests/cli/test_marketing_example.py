"""examples/marketing, by its own page: three vendors, one of them in YAML, at the sandbox."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.sandbox import create_app, serve
from tests.support.driver_kit import ROOT

PAGE = (ROOT / "docs" / "marketing.md").read_text("utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example in a folder of its own, at a sandbox on a port of its own."""
    folder = tmp_path / "marketing"
    shutil.copytree(ROOT / "examples" / "marketing", folder)
    monkeypatch.chdir(folder)
    export = next(one for one in COMMANDS if one.startswith("export "))
    for name, value in re.findall(r"(\w+)=(\S+)", export):
        monkeypatch.setenv(name, value)
    vendors = [json.loads(line) for line in (folder / "vendors.ndjson").read_text().splitlines()]
    accounts: dict[str, tuple[str, dict[str, str]]] = {
        "newsletter": ("mailchimp", {}),
        "promotions": ("sendgrid", {}),
        "product-news": ("listmonk", {}),
    }
    with serve(create_app(vendors, accounts)) as url:
        project = folder / "reconciler.yaml"
        project.write_text(project.read_text().replace("http://127.0.0.1:8080", url))
        yield folder


def test_the_page_leads_from_three_vendors_to_nothing_left(
    team: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = [one.split()[1:] for one in COMMANDS if one.startswith("reconciler ")]
    assert typed.pop(0)[0] == "sandbox"
    told = []
    for words in typed:
        assert main(words) == 0, words
        told.append(capsys.readouterr().out)
    kinds = ["validate", "inventory", "plan", "apply", "inventory", "plan"]
    assert [words[0] for words in typed] == kinds
    assert "Plan: 6 to delete, 2 refused, 1 untouched" in told[2]
    assert "Refused, protected: They pay the bills" in told[2]
    assert "6 deleted" in told[3]
    assert "0 to delete" in told[5] or "No changes" in told[5]
    assert main(["-C", str(team), "validate"]) == 0
    assert "warning" not in capsys.readouterr().err


def test_what_it_makes_is_not_committed() -> None:
    ignored = (ROOT / "examples" / "marketing" / ".gitignore").read_text("utf-8").split()
    assert {"inventory.ndjson", "plan.json", ".reconciler/"} <= set(ignored)

"""The pages for other CIs: right by their published schemas, with scripts that are scripts."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "ci").glob("*.md"))
BIN = Path(sys.executable).parent


def block(page: str, title: str) -> str:
    """The file that *page* shows under *title*."""
    text = (ROOT / "docs" / "ci" / page).read_text("utf-8")
    found = re.search(rf'^```\w+ title="{re.escape(title)}"\n(.*?)^```$', text, re.M | re.S)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("page", "title", "options"),
    [
        (
            "azure.md",
            "azure-pipelines.yml",
            [
                *("--builtin-schema", "vendor.azure-pipelines"),
                *("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"),
            ],
        ),
        (
            "bitbucket.md",
            "bitbucket-pipelines.yml",
            ["--builtin-schema", "vendor.bitbucket-pipelines"],
        ),
    ],
)
def test_what_the_page_shows_keeps_the_published_schema(
    page: str, title: str, options: list[str], tmp_path: Path
) -> None:
    (tmp_path / title).write_text(block(page, title))
    command = [BIN / "check-jsonschema", *options, tmp_path / title]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]


def scripts(value: object, key: str = "") -> list[str]:
    """What a shell runs in a pipeline file."""
    match value:
        case str() if key in ("script", "after-script", "bash", "run"):
            return [value]
        case dict():
            return [one for k, inner in value.items() for one in scripts(inner, k)]
        case list():
            return [one for inner in value for one in scripts(inner, key)]
    return []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_ours_that_a_page_shows_is_one(page: Path) -> None:
    from reconciler.cli.main import COMMANDS

    text = page.read_text("utf-8")
    shown = re.findall(r"\breconciler ((?:[a-z]+))\b", text)
    assert "plan" in shown
    assert set(re.findall(r"^\s*(?:- run: |sh '|- )?reconciler ([a-z]+) ", text, re.M)) <= set(
        COMMANDS
    )
    assert "--first-run" not in text
    known: list[Any] = [
        yaml.safe_load(one) for one in re.findall(r"^```yaml[^\n]*\n(.*?)^```$", text, re.M | re.S)
    ]
    for script in scripts(known):
        done = subprocess.run(["bash", "-n", "-c", script], capture_output=True, check=False)
        assert done.returncode == 0, script

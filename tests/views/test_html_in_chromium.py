"""The HTML views in a real Chromium: what a hostile name may do there is nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.render_samples import DIGEST, hostile_plan, hostile_report, sample, seen

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


def opened(page: str, folder: Path) -> str:
    """The page's document after Chromium has loaded it and run what it would run."""
    assert CHROMIUM is not None, "no Chromium: run scripts/system.sh"
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=2000",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert b"Refused to" not in done.stderr, done.stderr[-2000:]  # our own style and script may run
    return done.stdout.decode("utf-8", "replace")


def test_the_plan_page_opens_with_every_row_and_its_filter(tmp_path: Path) -> None:
    plan = sample()
    page = opened(seen("html", plan), tmp_path)
    assert DIGEST in page
    for action in plan.actions:
        if action.action == "delete" and action.id is not None:
            assert action.id in page
    search = page[page.index('<input type="search"') :]
    assert "hidden" not in search[: search.index(">")]  # the script ran and showed the filter


@pytest.mark.parametrize("view", ["plan", "report"])
def test_a_hostile_name_is_only_text_in_the_page(view: str, tmp_path: Path) -> None:
    made = seen("html", hostile_plan()) if view == "plan" else seen("html", hostile_report())
    page = opened(made, tmp_path)
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page

"""Fixtures of the commands that send."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.plan import origin
from tests.support.apply_site import KEYS, Site, sandbox


@pytest.fixture
def bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Site:
    """A site whose vendors are nowhere."""
    for name in (*origin._AUTHORS, *origin._COMMITS, "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "site"
    root.mkdir()
    monkeypatch.chdir(root)
    made = Site(root, "http://127.0.0.1:9", capsys)
    made.write()
    made.manifest("push", "ios", "contact", "dialer", "sms")
    made.inventory()
    return made


@pytest.fixture
def site(bare: Site) -> Iterator[Site]:
    """A site with all five vendors in the sandbox."""
    with sandbox() as url:
        bare.url = url
        bare.write()
        yield bare

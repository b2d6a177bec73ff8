"""docs/python.md: its examples are run as they stand, in an empty folder, at the sandbox."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.plan import origin
from reconciler.sandbox import create_app, serve

PAGE = Path(__file__).resolve().parents[2] / "docs/python.md"
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8080"
CAMPAIGNS = [
    {"account": "push-prod", "id": f"c{number}", "name": name, "status": status}
    for number, (name, status) in enumerate(
        [
            ("Diwali 2024 teaser", "completed"),
            ("Diwali 2024 sale", "stopped"),
            ("Diwali 2024 last call", "running"),
        ],
        start=1,
    )
]


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A sandbox with three campaigns; we stand in an empty folder."""
    for name in (*origin._AUTHORS, *origin._COMMITS, "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BATCH_REST_API_KEY", "sandbox-key")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    tenants = {"push-prod": ("batch-cep", {"project": "project_1"})}
    with serve(create_app(CAMPAIGNS, tenants, 500), 0) as url:
        yield url


def test_every_example_runs_and_prints_what_the_page_says(
    address: str, capfd: pytest.CaptureFixture[str]
) -> None:
    blocks = FENCE.findall(PAGE.read_text("utf-8"))
    assert {kind for kind, _, _ in blocks} == {"yaml", "python", "text"}
    names: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    for kind, title, body in blocks:
        text = body.replace(ADDRESS, address)
        if kind == "yaml":
            Path(title).parent.mkdir(exist_ok=True)
            Path(title).write_text(text)
        elif kind == "python":
            assert printed == "", f"the page does not say that this is printed:\n{printed}"
            exec(compile(text, str(PAGE), "exec"), names)
            printed, complaints = capfd.readouterr()
            assert complaints == ""
        else:
            assert printed == body
            printed = ""
    assert printed == ""


def test_the_page_names_every_public_class_and_method() -> None:
    import reconciler

    page = PAGE.read_text("utf-8")
    methods = [name for name in vars(reconciler.Project) if not name.startswith("_")]
    missing = [
        name for name in (*reconciler.__all__, *methods) if not re.search(rf"\b{name}\b", page)
    ]
    assert missing == []

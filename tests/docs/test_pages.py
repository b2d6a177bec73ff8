"""Every console block of docs/ is run as it stands and its output compared, or says why not."""

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.demo import _CREDENTIALS, EXAMPLE
from tests.support.doc_blocks import Block, Reader, blocks, environ, section
from tests.support.forked_command import forked_command
from tests.support.forks import shared
from tests.support.wheel import ROOT

DOCS = ROOT / "docs"
# Pages that other tests follow to the letter.
ELSEWHERE = {
    "getting-started.md": "tests/docs/test_first_hour.py",
    "driver-kit.md": "tests/drivers/test_driver_kit.py",
    "exports.md": "tests/inventory/test_exports_page.py",
    "marketing.md": "tests/cli/test_marketing_example.py",
}
# What truly cannot run here; the page gives the reason, and where it is done instead.
NOT_RUN = {"apply.md": 1, "state.md": 1, "workers.md": 1}


def console(page: Path) -> list[Block]:
    return [one for one in blocks(page.read_text("utf-8")) if one.language == "console"]


PAGES = {one.name: console(one) for one in sorted(DOCS.rglob("*.md")) if console(one)}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    from tests.docs.test_first_hour import four_digits

    bare = {
        "PATH": f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    (tmp_path / "project").mkdir()
    made = Reader(tmp_path / "project", environ(bare), four_digits())
    with forked_command(shared(), tmp_path / "bin"):
        yield made
        made.close()


# ---------------------------------------------------------------- what a page takes for granted


def nothing(reader: Reader) -> None:
    """A folder."""


def demo(reader: Reader) -> None:
    """The example project, with its vendors played."""
    shutil.copytree(EXAMPLE, reader.cwd, dirs_exist_ok=True)
    project = reader.cwd / "reconciler.yaml"
    project.write_text(project.read_text("utf-8").replace(":8642/", f":{reader.port}/"))
    reader.environ.update(_CREDENTIALS)
    reader.environ["GITHUB_STEP_SUMMARY"] = str(reader.cwd / "summary.md")
    reader.do("reconciler sandbox --inventory inventory.ndjson --speed 100")


def example(reader: Reader) -> None:
    """The same with its plan made, and a trace of what nobody can look at."""
    demo(reader)
    reader.do("reconciler plan --out plan.json")
    # what nobody can look at wants a first word of somebody's
    reader.ends["--first-run"] = 5
    reader.do("reconciler apply plan.json --yes --account dialer-in --first-run")


def two_plans(reader: Reader) -> None:
    example(reader)
    reader.do("cp plan.json approved.json")


def free_port(reader: Reader) -> None:
    example(reader)
    reader.close()


def begun(reader: Reader) -> None:
    reader.do("reconciler init --yes --driver batch-cep --account push-prod")
    reader.do("reconciler sandbox")


def cookbook(reader: Reader) -> None:
    (described,) = [
        one.text
        for one in blocks((DOCS / "cookbook.md").read_text("utf-8"))
        if one.language == "yaml" and re.search(r"^ *crm:", one.text, re.MULTILINE)
    ]
    (reader.cwd / "reconciler.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: cooking}\nspec:\n"
        "  manifests: []\n  accounts:\n" + textwrap.indent(textwrap.dedent(described), "    ")
    )
    (reader.cwd / "answers.ndjson").write_text('{"status": 204}\n{"status": 500}\n')


BEFORE: dict[str, Callable[[Reader], None]] = {
    "apply.md": example,
    "cookbook.md": cookbook,
    "doctor.md": begun,
    "index.md": example,
    "manifests.md": example,
    "output.md": example,
    "plan.md": two_plans,
    "sandbox.md": free_port,
    "state.md": nothing,
    "workers.md": nothing,
}
# What is meant to end otherwise than well.
ENDS = {"apply.md": {"--limit 5": 5}, "doctor.md": {"reconciler doctor": 1}}


@pytest.mark.parametrize("name", sorted(BEFORE))
def test_a_page_is_true_block_by_block(name: str, reader: Reader) -> None:
    BEFORE[name](reader)
    reader.ends.update(ENDS.get(name, {}))
    reader.follow((DOCS / name).read_text("utf-8"))


def test_what_the_readme_shows_of_the_demo(reader: Reader) -> None:
    demo(reader)
    page = (ROOT / "README.md").read_text("utf-8")
    reader.follow(section(page, "Sixty seconds"))
    assert reader.printed[-1].count("No changes")
    # the rest of it: how it is installed, and what tests/docs/test_first_hour.py follows
    others = page.replace(section(page, "Sixty seconds"), "")
    others = others.replace(section(others, "A first project"), "")
    left = [one.text for one in blocks(others) if one.language == "console"]
    assert all(line.startswith("$ pip install ") for one in left for line in one.splitlines()), left


def test_every_page_with_a_console_block_is_followed() -> None:
    assert set(PAGES) == {*BEFORE, *ELSEWHERE}
    for name, test in ELSEWHERE.items():
        assert name.removesuffix(".md") in (ROOT / test).read_text("utf-8"), name


def test_what_is_not_run_says_why_and_where_it_is_done_instead() -> None:
    told = {name: [one.why for one in found if one.why] for name, found in PAGES.items()}
    assert {name: len(why) for name, why in told.items() if why} == NOT_RUN
    for why in (one for found in told.values() for one in found):
        (path,) = [word for word in why.split() if word.startswith("tests/")]
        assert (ROOT / path).is_file(), why

"""The first hour of a stranger: an empty folder, the wheel, and the pages done block by block."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.drivers import BUILT_IN
from reconciler.sandbox.demo import EXAMPLE
from reconciler.sandbox.server import bound
from tests.support.doc_blocks import Reader, blocks, environ, section
from tests.support.forked_command import forked_command
from tests.support.forks import forks
from tests.support.wheel import ROOT, build, command, install

README = (ROOT / "README.md").read_text("utf-8")
GETTING_STARTED = (ROOT / "docs/getting-started.md").read_text("utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is installed."""
    made = tmp_path_factory.mktemp("site")
    install(build(tmp_path_factory.mktemp("wheel")), made)
    return made


@pytest.fixture(scope="module")
def installed(site: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment that has the wheel, and nothing of this checkout."""
    return command(site, tmp_path_factory.mktemp("home") / "bin")


@pytest.fixture
def forked(site: Path, installed: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The same, for many commands: each is a fork of an interpreter that has the wheel loaded."""
    with forks(site) as worker, forked_command(worker, tmp_path / "bin") as folder:
        yield {**installed, "PATH": f"{folder}:{installed['PATH']}"}


def four_digits() -> int:
    """A free port that is as long as the one on the page."""
    for port in random.sample(range(2000, 10_000), 200):
        with suppress(OSError), bound(port):
            return port
    raise AssertionError("no port is free")


@pytest.fixture
def reader(installed: dict[str, str], tmp_path: Path) -> Iterator[Reader]:
    empty = tmp_path / "empty"
    empty.mkdir()
    made = Reader(empty, environ(installed), four_digits())
    yield made
    made.close()


def test_the_readmes_first_project(reader: Reader) -> None:
    reader.follow(section(README, "A first project"))
    assert [one.split()[1] for one in reader.done if one.startswith("reconciler")] == [
        "init", "sandbox", "doctor", "inventory", "plan", "apply", "apply", "plan",
    ]  # fmt: skip


def test_getting_started(reader: Reader) -> None:
    reader.follow(GETTING_STARTED)
    assert any(one.startswith("reconciler apply plan.json") for one in reader.done)


def test_the_files_that_the_readme_shows_are_valid_together(reader: Reader) -> None:
    project, manifest = (
        one.text for one in blocks(section(README, "A first project")) if one.language == "yaml"
    )
    reader.follow(
        f'```yaml title="reconciler.yaml"\n{project}```\n'
        f'```yaml title="manifests/diwali.yaml"\n{manifest}```\n'
        "```console\n$ reconciler validate\nvalid: 2 files read\n```\n"
    )


def test_what_init_writes_ends_in_an_apply_for_every_driver(
    forked: dict[str, str], tmp_path: Path
) -> None:
    def began(driver: str) -> str:
        (tmp_path / driver).mkdir()
        reader = Reader(tmp_path / driver, environ(forked), four_digits())
        told = f"reconciler init --yes --driver {driver} --account mine --format json"
        after = json.loads(reader.run(f"{told} --port {reader.port}"))["next"]
        try:
            for one in ["reconciler validate", *(step["command"] for step in after)]:
                reader.do(one)
        finally:
            reader.close()
        assert reader.done[-1].startswith("reconciler apply plan.json"), reader.done
        return reader.printed[-1].splitlines()[-1]

    with ThreadPoolExecutor(4) as pool:  # most of the time each waits for its vendor's limit
        ends = dict(zip(sorted(BUILT_IN), pool.map(began, sorted(BUILT_IN)), strict=True))
    parts = {"ozonetel": 4}  # two numbers each
    assert ends == {one: f"Result: {parts.get(one, 2)} deleted." for one in BUILT_IN}


def test_the_demo_of_who_has_the_wheel_alone(reader: Reader) -> None:
    done = reader.run("reconciler sandbox --demo")
    assert "Exactly the plan happened." in done
    assert (reader.cwd / "reconciler-demo/plan.json").exists()
    with pytest.raises(AssertionError, match="was not made by the demo"):
        reader.run("mkdir other; touch other/mine; reconciler sandbox --demo other")
    assert [one.name for one in (reader.cwd / "other").iterdir()] == ["mine"]


def test_the_demo_is_the_example_of_the_repository() -> None:
    for place in (EXAMPLE, ROOT):
        assert (place / "reconciler.yaml").is_file()
    names = ["reconciler.yaml", "inventory.ndjson"]
    names += [f"manifests/{one.name}" for one in sorted((ROOT / "manifests").iterdir())]
    found = {str(one.relative_to(EXAMPLE)) for one in EXAMPLE.rglob("*") if one.is_file()}
    assert found == set(names)
    for name in names:
        assert (EXAMPLE / name).read_bytes() == (ROOT / name).read_bytes(), name

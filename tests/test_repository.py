"""What README, docs and the repository say of themselves is true."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import click
import pytest
import yaml

from reconciler import __version__, drivers
from reconciler.cli.main import COMMANDS, cli
from reconciler.declare import manifests, project
from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver
from reconciler.errors import Diagnostic, Exit
from tests.support import driver_kit

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REPOSITORY: str = PROJECT["urls"]["Repository"]
CODE_ROW = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or may be, committed: git's view, else all that is not ignored."""
    found = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    paths = (ROOT / os.fsdecode(one) for one in found.split(b"\0") if one)
    return tuple(path for path in paths if path.is_file())


# ---------------------------------------------------------------- README and Makefile


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z]+):", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / name).read_text("utf-8")))
    assert {"demo", "test"} <= named
    assert named <= targets()


def test_the_readme_has_the_two_commands_and_what_they_need() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert re.search(r"^\$ make demo\b", text, re.MULTILINE)
    assert re.search(r"^\$ make test\b", text, re.MULTILINE)
    assert "Python 3.11, git and make" in text


def test_ci_runs_what_contributors_run() -> None:
    path = ROOT / ".ci" / "run"
    assert os.access(path, os.X_OK)
    assert "make test" in path.read_text("utf-8")


def test_every_option_and_command_that_is_shown_exists() -> None:
    for page in PAGES:
        for line in shown_commands(page.read_text("utf-8")):
            words = line.split()
            command = next((word for word in words if word in COMMANDS), None)
            assert command, f"{page.name}: {line}"
            found = cli.get_command(click.Context(cli), command)
            if found is None:
                continue  # told by its own test
            known = set(options(found)) | set(options(cli)) | {"--help"}
            given = {word.partition("=")[0] for word in words if re.match(r"-{1,2}[a-zA-Z]", word)}
            assert given <= known, f"{page.name}: {line}"


def shown_commands(text: str) -> Iterator[str]:
    """What is typed after `$ reconciler` in the examples of *text*."""
    for line in re.findall(r"^\$ reconciler (.+)$", text, re.MULTILINE):
        yield re.sub(r'"[^"]*"', "TEXT", line.partition(" #")[0])


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            if (inner := command.get_command(click.Context(command), name)) is not None:
                yield from (option for one in inner.params for option in one.opts)


# ---------------------------------------------------------------- exit codes


def code_rows(name: str) -> list[tuple[str, str]]:
    """Code and meaning of the first table of codes in the page *name*."""
    text = (ROOT / name).read_text("utf-8")
    return CODE_ROW.findall(text.partition("| code | meaning |")[2].partition("\n#")[0])


@pytest.mark.parametrize("name", ["README.md", "docs/exit-codes.md"])
def test_the_table_of_exit_codes_is_that_of_the_code(name: str) -> None:
    assert [int(code) for code, _ in code_rows(name)] == sorted(Exit)


def test_both_tables_of_exit_codes_have_the_same_words() -> None:
    assert code_rows("README.md") == code_rows("docs/exit-codes.md")


# ---------------------------------------------------------------- the examples in the docs


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """The fenced blocks of *language* in *page*, with the line they begin at."""
    text = page.read_text("utf-8")
    found = re.finditer(rf"^```{language}\b[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, one.start(1)) + 1, one[1]) for one in found]


def examples(kind: str) -> list[object]:
    """The whole YAML files of *kind* that the pages show."""
    return [
        pytest.param(page, text, id=f"{page.name}:{line}")
        for page in PAGES
        for line, text in blocks(page, "yaml")
        if re.search(r"^apiVersion: reconciler/v1$", text, re.MULTILINE)
        and re.search(rf"^kind: {kind}$", text, re.MULTILINE)
    ]


def find_driver(name: str) -> Driver | None:
    """A driver as a reader of the pages has it: ours, or that of the page that writes one."""
    made: Driver = driver_kit.acme().DRIVER
    return made if name == made.name else drivers.find(name)


def load_project(data: bytes) -> tuple[ProjectFile | None, list[Diagnostic]]:
    return project.load(
        data, "reconciler.yaml", find_driver=find_driver, driver_names=drivers.names
    )


def load_manifest(data: bytes, of: ProjectFile) -> list[Diagnostic]:
    def parts(account: str) -> str | None:
        found: Driver | None = find_driver(of.accounts[account].driver)
        return found.parts if found and account in of.accounts else None

    return manifests.load([("manifests/example.yaml", data)], of, parts=parts)[1]


@pytest.mark.parametrize(("page", "text"), examples("Project"))
def test_every_project_file_that_is_shown_is_valid(page: Path, text: str) -> None:
    found, diagnostics = load_project(text.encode())
    assert found is not None
    assert diagnostics == []


@pytest.mark.parametrize(("page", "text"), examples("CampaignAbsence"))
def test_every_manifest_that_is_shown_is_valid(page: Path, text: str) -> None:
    own = [one for _, one in blocks(page, "yaml") if "\nkind: Project\n" in one]
    data = own[0].encode() if own else (ROOT / "reconciler.yaml").read_bytes()
    of, _ = load_project(data)
    assert of is not None
    assert load_manifest(text.encode(), of) == []


def test_the_pages_show_projects_and_manifests() -> None:
    # Otherwise the two tests above would hold of nothing.
    assert len(examples("Project")) >= 3
    assert len(examples("CampaignAbsence")) >= 3


def test_every_other_yaml_that_is_shown_is_yaml() -> None:
    for page in PAGES:
        for line, text in blocks(page, "yaml"):
            try:
                list(yaml.safe_load_all(text))
            except yaml.YAMLError as error:
                pytest.fail(f"{page.name}:{line}: {error}")


def test_every_link_to_a_file_leads_somewhere() -> None:
    for page in [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md"))]:
        for link in links(page):
            if (
                own := re.match(rf"{re.escape(REPOSITORY)}/(?:blob|tree)/main/(.+)", link)
            ) is not None:
                assert (ROOT / own[1]).exists(), f"{page.name}: {link}"
            elif not re.match(r"[a-z]+:", link):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def links(page: Path) -> list[str]:
    """Where the links and pictures of *page* lead, without what follows a `#`."""
    found: list[str] = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text("utf-8"))
    return found


def test_the_readme_leads_somewhere_from_a_package_index_too() -> None:
    readme = ROOT / "README.md"
    assert PROJECT["readme"] == readme.name
    assert [link for link in links(readme) if not link.startswith("https://")] == []
    assert re.findall(r"<(?:img|a)\b", readme.read_text("utf-8")) == []


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r": ([a-z-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} == listed


# ---------------------------------------------------------------- the command line


def offered() -> Iterator[tuple[str, ...]]:
    """Every command there is; of a group, its commands."""
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group):
            inner = command.list_commands(click.Context(command))
            yield from ((name, one) for one in inner)
        else:
            yield (name,)


@pytest.mark.parametrize("words", list(offered()), ids=" ".join)
def test_every_command_explains_itself_with_an_example(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    from reconciler.cli.main import main

    assert main([*words, "--help"]) == 0
    out = capsys.readouterr().out
    called = " ".join(words)
    assert out.startswith(f"Usage: reconciler {called}")
    example = rf"^ .*\breconciler (-C \S+ )?{called}\b"
    assert re.search(example, out.partition("Options:")[2], re.MULTILINE), "no example"


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]], ids=" ".join)
def test_python_m_reconciler_is_the_same_command(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(("reconciler ", "Usage: reconciler "))


# ---------------------------------------------------------------- the repository


def test_the_version_stands_in_one_place_and_the_changelog_tells_it() -> None:
    assert "version" in PROJECT["dynamic"]
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    tagged = [
        f"{path.relative_to(ROOT)}: {tag}"
        for path, text in texts()
        for tag in re.findall(r"reconciler@v(\d[\w.]*)", text)
        if tag != __version__
    ]
    assert tagged == []


def texts() -> Iterator[tuple[Path, str]]:
    """Every file of the repository that is text."""
    for path in files():
        with suppress(UnicodeDecodeError):
            yield path, path.read_text("utf-8")


INSTALLERS = r"\b(?:pip[x3]?|uvx?|poetry)\b"
# The package's name where a distribution's is wanted. Not an address, a path, or ours.
STRANGER = re.compile(INSTALLERS + r"[^\n`]*?(?<![\w/.-])reconciler(?![\w./@-])")


@pytest.mark.parametrize("spelled", ["{}", "'{}[sandbox]'", "--upgrade {}==0.1.0", '"{}>=0.2"'])
def test_what_would_install_a_stranger_is_recognised(spelled: str) -> None:
    command = f"pip install {spelled}"
    assert STRANGER.search(command.format("reconciler"))
    assert not STRANGER.search(command.format("campaign-reconciler"))


def test_nothing_installs_the_stranger_that_has_our_packages_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {one[0]}"
        for path, text in texts()
        for one in STRANGER.finditer(text)
    ]
    assert found == []


LOCKS = ("build", "run", "ci", "supply")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_of_todays_requirements_and_pins_hashes(name: str) -> None:
    lock = ROOT / "requirements" / f"{name}.lock"
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "locked.py"), "check", str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    entries = re.split(r"\n(?=\S)", lock.read_text("utf-8"))
    pinned = [one for one in entries if not one.startswith("#")]
    assert pinned
    assert [one for one in pinned if "==" not in one or "--hash=sha256:" not in one] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name
)
def test_a_workflow_pins_its_actions_and_asks_for_little(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    uses = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d[\d.]*", comment), action
    for job in workflow["jobs"].values():
        assert "timeout-minutes" in job
        writes = {one for one, right in job.get("permissions", {}).items() if right == "write"}
        assert not writes or "environment" in job, "only a protected job may write"


def test_ci_runs_every_python_that_is_promised() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    promised = [
        one.rpartition(" ")[2]
        for one in PROJECT["classifiers"]
        if one.startswith("Programming Language :: Python :: 3.")
    ]
    promised = [one for one in promised if "." in one]
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    assert ".ci/run" in json.dumps(workflow["jobs"]["test"]["steps"])


def test_the_image_runs_as_nobody_and_installs_by_hash() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER \d{4,}", last, re.MULTILINE)
    installs = re.findall(r"pip install .*", text)
    assert installs
    assert all("--require-hashes" in one or "--no-deps --no-index" in one for one in installs)


def test_the_repository_has_one_address() -> None:
    own = REPOSITORY.removeprefix("https://")
    named = {
        one for _, text in texts() for one in re.findall(r"github\.com/[\w.-]+/reconciler\b", text)
    }
    assert named == {own}
    assert all(one.startswith(REPOSITORY) for one in PROJECT["urls"].values())


def test_every_example_file_names_its_schema() -> None:
    for folder in (ROOT, ROOT / "examples" / "too-wide", ROOT / "examples" / "marketing"):
        for path in (folder / "reconciler.yaml", *sorted((folder / "manifests").glob("*.yaml"))):
            found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
            assert found, path
            assert (path.parent / found[1]).resolve().is_relative_to(ROOT / "schemas")
            assert (path.parent / found[1]).is_file(), path


def test_the_committed_schemas_are_all_there() -> None:
    kinds = {"project", "manifest", "inventory", "plan", "report"}
    assert {path.stem for path in (ROOT / "schemas").glob("*.json")} == kinds


@pytest.mark.parametrize("folder", [".", "examples/too-wide"])
def test_the_examples_validate_and_plan(folder: str, capfd: pytest.CaptureFixture[str]) -> None:
    from reconciler.cli.main import main

    here = os.getcwd()
    try:
        assert main(["-C", str(ROOT / folder), "validate"]) == 0
        assert main(["-C", str(ROOT / folder), "plan"]) == 0
    finally:
        os.chdir(here)
    if folder == "examples/too-wide":
        assert "Refused, expectation" in capfd.readouterr().out


# Written apart, so that this file does not hold what it looks for.
FOREIGN = [
    re.compile(pattern.replace("_", ""))
    for pattern in (
        r"/ro_ot/",
        r"/wo_rk/",
        r"/ho_me/[a-z]",
        r"/Us_ers/[a-z]",
        r"py_pi\.org",
        r"pythonh_osted",
        r"npm_js\.(org|com)",
        r"deb_ian\.org",
        r"index-_url",
        r"(?i)\bC_laude\b",
        r"(?i)\bAnt_hropic\b",
        r"(?i)\bChat_GPT\b",
    )
]


def test_no_file_speaks_of_a_machine_or_a_registry() -> None:
    found = []
    for path, text in texts():
        for line, words in enumerate(text.splitlines(), 1):
            if any(pattern.search(words) for pattern in FOREIGN):
                found.append(f"{path.relative_to(ROOT)}:{line}: {words.strip()[:80]}")
    assert found == []


def test_the_demo_ends_with_exactly_the_plan(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py"), str(tmp_path / "demo")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "\nNo changes." in done.stdout
    assert "Exactly the plan happened." in done.stdout
    assert "0 throttled" in done.stdout

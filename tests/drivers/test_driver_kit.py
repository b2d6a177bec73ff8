"""docs/driver-kit.md, followed alone, ends in a deletion; its package is an example."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.api.new_driver import new_driver
from reconciler.cli.main import main
from tests.support.driver_kit import PACKAGE, PAGE, ROOT, page_commands, page_files


def tree(folder: Path) -> dict[str, str]:
    """Path -> text of every file below *folder* that belongs to a package."""
    return {
        str(one.relative_to(folder)): one.read_text("utf-8")
        for one in sorted(folder.rglob("*"))
        if one.is_file() and not {"__pycache__", ".pytest_cache"} & {*one.parts}
    }


def test_the_example_package_is_what_drivers_new_writes_and_the_page_changes(tmp_path):
    new_driver("acme", tmp_path / "reconciler-acme")
    for path, text in page_files().items():
        if path.startswith("reconciler-acme/"):
            (tmp_path / path).write_text(text, "utf-8")
    assert tree(PACKAGE) == tree(tmp_path / "reconciler-acme")


@pytest.fixture
def shell(tmp_path):
    """Runs a command as its reader would, with what is installed for them in a folder of their own.

    Packages come without a network: only ours is built, and its dependencies are those of here.
    """
    here = Path(sys.executable).parent
    site = tmp_path / "site"
    env = {
        **os.environ,
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(site),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{f"PIP_{name}": "1" for name in ("NO_INDEX", "NO_DEPS", "DISABLE_PIP_VERSION_CHECK")},
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one the other way round
        "PIP_TARGET": str(site),
        "ACME_SECRET": "any-text",
    }

    def run(command: str) -> str:
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    return run


@pytest.fixture
def server(tmp_path):
    """The page's server, on a port of its own."""
    script = tmp_path / "acme_server.py"
    script.write_text(page_files()["acme_server.py"], "utf-8")
    started = subprocess.Popen(
        [sys.executable, "-c", _SERVE.format(script=str(script))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert started.stdout is not None
    yield int(started.stdout.readline())
    started.send_signal(signal.SIGKILL)
    started.wait()
    started.stdout.close()


# The page's server, told to take a free port and to say which one it got.
_SERVE = """
import http.server, sys
class Server(http.server.ThreadingHTTPServer):
    def serve_forever(self):
        print(self.server_address[1], flush=True)
        super().serve_forever()
http.server.ThreadingHTTPServer = Server
sys.argv = ["acme_server.py", "0"]
exec(compile(open({script!r}).read(), "acme_server.py", "exec"))
"""


def test_from_drivers_new_to_a_deletion_by_the_page_alone(tmp_path, shell, server):
    commands = page_commands()
    assert commands[0] == "reconciler drivers new acme"
    shell(commands[0])
    for path, text in page_files().items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text.replace("127.0.0.1:8099", f"127.0.0.1:{server}"), "utf-8")
    told = {command: shell(command) for command in commands[1:]}
    assert "27 passed" in told["python -m pytest reconciler-acme"]
    assert "clientSecret" in told["reconciler drivers acme"]
    assert "2 to delete" in told["reconciler plan --out plan.json"]
    assert "2 deleted" in told["reconciler apply plan.json --yes"]
    assert (tmp_path / "site" / "reconciler_acme" / "driver.py").is_file()


def test_the_page_is_there_for_whoever_finds_a_package_of_ours():
    readme = (PACKAGE / "README.md").read_text("utf-8")
    assert "docs/driver-kit.md" in readme
    assert (ROOT / "docs" / "driver-kit.md").is_file()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("kore", 64, "the driver 'kore' is built in"),
        ("Acme", 64, "lower-case letters"),
        ("a_b", 64, "lower-case letters"),
        ("../x", 64, "lower-case letters"),
        ("a--b", 64, "lower-case letters"),
        ("x" * 41, 64, "lower-case letters"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_can(
    tmp_path, monkeypatch, capsys, name, code, words
):
    monkeypatch.chdir(tmp_path)
    assert main(["drivers", "new", name]) == code
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_overwritten(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler-acme").mkdir()
    mine = tmp_path / "reconciler-acme" / "README.md"
    mine.write_text("mine")
    assert main(["drivers", "new", "acme"]) == 1
    assert "--out" in capsys.readouterr().err
    assert tree(tmp_path) == {"reconciler-acme/README.md": "mine"}
    assert main(["drivers", "new", "acme", "--out", "other"]) == 0
    assert (tmp_path / "other" / "reconciler_acme" / "driver.py").is_file()


def test_a_name_of_two_words_makes_a_package_that_passes_as_it_is(tmp_path, shell):
    shell("reconciler drivers new acme-sms --out p")
    assert 'acme-sms = "reconciler_acme_sms.driver:DRIVER"' in (
        tmp_path / "p" / "pyproject.toml"
    ).read_text("utf-8")
    done = shell("PYTHONPATH=p python -m pytest -p no:cacheprovider p")
    assert re.search(r"\b27 passed", done)


def test_every_helper_of_the_page_is_there():
    table = PAGE.partition("| helper | for |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", table, re.MULTILINE)
    assert len(rows) == 13
    for module, words in rows:
        __import__(module)
        for name in re.findall(r"`([A-Za-z_]+)[`(]", words):
            assert hasattr(sys.modules[module], name), f"{module}.{name}"

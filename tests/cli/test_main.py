"""The command line itself: exit codes, errors, lazy commands, output that may go away."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from reconciler import __version__
from reconciler.cli import main as cli
from reconciler.cli.app import App
from reconciler.errors import Diagnostic, InputError, Locked, NotAllowed, ReconcilerError
from reconciler.site import Site


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # and back, whatever -C does


def process(*args: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from reconciler.cli.main import run; run()", *args],
        capture_output=True,
        text=True,
        env={**os.environ, **more},
        check=False,
    )


def test_the_version_and_the_help_import_nothing_heavy() -> None:
    for option in ("--version", "--help"):
        code = (
            f"import sys; from reconciler.cli import main; main.main([{option!r}]);"
            "print(*sorted(sys.modules), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        loaded = set(done.stderr.split())
        assert not loaded & {"pydantic", "yaml", "httpx", "rich", "deepdiff", "sqlite3"}
    assert process("--version").stdout == f"reconciler {__version__}\n"


def test_what_looks_for_plugins_is_found_by_who_asks_for_more_of_it_than_them() -> None:
    code = (
        "import sys; from reconciler.cli import main; from pydantic.plugin import _loader as one;"
        "assert list(one.get_plugins()) == [] and 'importlib.metadata' not in sys.modules;"
        "from pydantic.plugin._loader import PYDANTIC_ENTRY_POINT_GROUP as group, get_plugins;"
        "assert group == 'pydantic' and list(get_plugins()) == []"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_validating_loads_nothing_that_sends_stores_or_draws(tmp_path: Path) -> None:
    code = (
        "import sys; from reconciler.cli import main; main.main(['init']);"
        "assert main.main(['validate']) == 0; print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    loaded = set(done.stderr.split())
    heavy = {"httpx", "rich", "deepdiff", "sqlite3", "jwt", "asyncio", "cronsim", "starlette"}
    assert not loaded & heavy


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--frmat"],
        ["valdate"],
        ["validate", "--frmat", "json"],
        ["validate", "--format", "xml"],
        ["--color", "pink", "validate"],
        ["-C", "nowhere", "validate"],
        ["schema"],
        ["schema", "planet"],
        ["init", "surplus"],
    ],
)
def test_a_slip_of_the_command_line_exits_64(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(args) == 64
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: reconciler" in captured.err


def test_a_mistyped_command_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["valdate"])
    assert "Did you mean 'validate'?" in capsys.readouterr().err


def test_only_commands_that_exist_are_offered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli, "_HERE", tmp_path)
    (tmp_path / "validate.py").touch()
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/__init__.py").touch()
    assert cli.main(["--help"]) == 0
    offered = re.findall(r"^  ([a-z]+)  ", capsys.readouterr().out.partition("Commands:")[2], re.M)
    assert offered == ["validate", "inventory"]
    assert cli.main(["plan"]) == 64


def test_every_offered_command_is_one() -> None:
    context = click.Context(cli.cli)
    for name in cli.cli.list_commands(context):
        assert isinstance(cli.cli.get_command(context, name), click.Command), name


def test_c_is_a_change_of_directory_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "below").mkdir()
    assert cli.main(["-C", "below", "init"]) == 0
    assert Path.cwd() == tmp_path / "below"
    assert (tmp_path / "below/reconciler.yaml").exists()


def raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


def run_with(monkeypatch: pytest.MonkeyPatch, do: Callable[[], int | None]) -> int:
    monkeypatch.setattr(cli._Lazy, "get_command", lambda *_: click.Command("status", callback=do))
    return cli.main(["status"])


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ReconcilerError("no\x1b[2J way"), 1, "error: no\\x1b[2J way\n"),
        (NotAllowed("closed"), 3, "error: closed\n"),
        (Locked("held"), 75, "error: held\n"),
        (
            InputError([Diagnostic("error", "c", "bad\nthing", "f.yaml", 3, 4, "mend")]),
            1,
            "f.yaml:3:4: error: bad\\x0athing\n    fix: mend\n",
        ),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (click.Abort(), 1, "aborted\n"),
        (PermissionError(13, "Permission denied", "f"), 1, "error: Permission denied: f\n"),
        (
            click.UsageError("not so"),
            64,
            "error: not so\nUsage: reconciler status [OPTIONS]\nTry 'reconciler status --help'.\n",
        ),
    ],
)
def test_errors_are_told_escaped_and_give_their_exit_code(
    error: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_with(monkeypatch, raising(error)) == code
    assert capsys.readouterr().err == words


def test_an_unexpected_error_is_one_line_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RECONCILER_DEBUG", raising=False)
    assert run_with(monkeypatch, raising(KeyError("sekret"))) == 1
    told = capsys.readouterr().err
    assert "unexpected error (KeyError); please report" in told
    assert told.count("\n") == 1
    assert "sekret" not in told
    monkeypatch.setenv("RECONCILER_DEBUG", "1")
    run_with(monkeypatch, raising(KeyError("x")))
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("given", [0, 3, None])
def test_what_a_command_returns_is_the_exit_code(
    given: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_with(monkeypatch, lambda: given) == (given or 0)


def test_a_reader_that_goes_away_stops_nothing() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom reconciler.cli import main, app\n"
        "import click\n"
        "def do():\n"
        "    one = app.App(root=Path(), environ={})\n"
        "    for _ in range(100000): one.out('x' * 100)\n"
        "    print('went on', file=sys.stderr)\n"
        "main._Lazy.get_command = lambda *_: click.Command('status', callback=do)\n"
        "sys.argv = ['reconciler', 'status']\nmain.run()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        assert child.stderr.read() == b"went on\n"
        assert child.wait() == 0


def test_a_full_standard_output_is_told_and_exits_1() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from reconciler.cli.main import run; run()", "schema", "plan"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "error: cannot write standard output: No space left on device\n"


def test_an_ascii_terminal_breaks_nothing(tmp_path: Path) -> None:
    code = (
        "from reconciler.cli.app import App; from reconciler.cli import main\n"
        "main.main(['--version']); from pathlib import Path; App(root=Path(), environ={}).out('é')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert done.stdout.endswith(b"\\xe9\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["completion", shell]) == 0
    assert "_RECONCILER_COMPLETE" in capsys.readouterr().out


def test_completion_completes_commands() -> None:
    done = process(
        _RECONCILER_COMPLETE="bash_complete", COMP_WORDS="reconciler\nvali", COMP_CWORD="1"
    )
    assert done.stdout.startswith("plain\tvalidate\t")


@pytest.mark.parametrize(
    ("color", "environ", "colored"),
    [
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {}, False),
        ("auto", {}, False),
    ],
)
def test_colour_is_decided_once(color: str, environ: dict[str, str], colored: bool) -> None:
    assert App(root=Path(), environ=environ, color=color).color is colored


def test_colour_on_a_terminal_honours_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert App(root=Path(), environ={}).color is True
    assert App(root=Path(), environ={"NO_COLOR": "1"}).color is False
    assert App(root=Path(), environ={"TERM": "dumb"}).color is False


def test_source_date_epoch_is_now_for_plans_and_says_so() -> None:
    site = Site(root=Path(), environ={"SOURCE_DATE_EPOCH": "86400"})
    assert site.plan_time() == (datetime(1970, 1, 2, tzinfo=UTC), True)
    assert site.now().year > 2000
    assert Site(root=Path(), environ={}).plan_time()[1] is False
    for wrong in ("soon", "9" * 30):
        with pytest.raises(ReconcilerError, match="SOURCE_DATE_EPOCH"):
            Site(root=Path(), environ={"SOURCE_DATE_EPOCH": wrong}).plan_time()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["plan", "--no-color"],
            "--no-color stands before the command: reconciler --no-color … plan",
        ),
        (["inventory", "stats", "-C", "x"], "-C stands before the command: reconciler -C … inv"),
        (["apply", "--log-format=json"], "--log-format stands before the command: reconciler"),
        (["plan", "--sumary"], "there is no option --sumary. Did you mean --summary?"),
        (["--sumary", "plan"], "there is no option --sumary."),
        (["completion"], "SHELL is missing. There are: bash, fish, zsh"),
        (["schema", "plans"], "KIND: there is no 'plans'."),
    ],
)
def test_what_is_wrong_with_a_command_line_says_what_to_write(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(args) == 64
    assert f"error: {said}" in capsys.readouterr().err

"""The whole way through on the example project: five vendors, real HTTP, nothing real touched.

`reconciler sandbox --demo`, and `make demo`: the example is copied into a folder, the sandbox is
started on a free port, and what a user types is done: validate, plan, apply, plan again. At the end
what the vendors saw is compared with what was planned: 0 only if exactly the plan happened.
"""

import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.errors import ReconcilerError
from reconciler.sandbox.demo.judging import Judgement, judge, ledger

EXAMPLE: Final = Path(__file__).resolve().parent / "example"
# Nothing but the sandbox accepts these: they are no secrets.
_CREDENTIALS: Final = {
    "BATCH_REST_API_KEY": "sandbox-rest-key",
    "BATCH_IOS_API_KEY": "sandbox-ios-app-key",
    "KORE_CLIENT_SECRET": "sandbox-secret",
    "OZONETEL_API_KEY": "sandbox-ozonetel-key",
    "CELLCAST_API_KEY": "sandbox-cellcast-key",
}
_MARK: Final = ".made-by-the-demo"
_SPEED: Final = "100"


def demo(folder: Path, environ: Mapping[str, str]) -> int:
    """Run the demo in *folder*, new or an earlier demo's; 0 if exactly the plan happened.

    *environ*: the caller's environment, for the commands that are run.
    """
    started = time.monotonic()
    copy_example(folder)
    stage = _Stage(folder, environ)
    with stage.sandbox() as url:
        point_at(folder / "reconciler.yaml", url)
        stage.play(url)
        found = stage.judged(url)
    took = f"({time.monotonic() - started:.0f} s)"
    print(f"\n{stage.bold(found.verdict)}  {took}  It lies in {folder}", flush=True)
    return 0 if found.good else 1


def copy_example(folder: Path) -> None:
    """The example project, freshly copied; its inventory was captured just now."""
    if folder.exists():
        if any(folder.iterdir()) and not (folder / _MARK).exists():
            said = f"{folder} is not empty and was not made by the demo; name another folder"
            raise ReconcilerError(said)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    shutil.copytree(EXAMPLE / "manifests", folder / "manifests")
    shutil.copyfile(EXAMPLE / "reconciler.yaml", folder / "reconciler.yaml")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = (EXAMPLE / "inventory.ndjson").read_text("utf-8").splitlines(keepends=True)
    fresh = re.sub(r'("capturedAt":)"[^"]*"', rf'\1"{now}"', lines[0])
    (folder / "inventory.ndjson").write_text(fresh + "".join(lines[1:]), "utf-8")


def point_at(project: Path, url: str) -> None:
    """Send every account of *project* to the sandbox at *url*."""
    text = project.read_text("utf-8")
    changed, count = re.subn(r"(baseUrl: )http://127\.0\.0\.1:\d+", rf"\g<1>{url}", text)
    if not count:
        raise ReconcilerError(f"{project} names no address of the sandbox")
    project.write_text(changed, "utf-8")


class _Stage:
    """Where it is played."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        mine = {key: value for key, value in environ.items() if key != "SOURCE_DATE_EPOCH"}
        self._environ = {**mine, **_CREDENTIALS, "RECONCILER_AUTHOR": "demo@acme.example"}
        self._bright = sys.stdout.isatty() and not environ.get("NO_COLOR")

    @contextmanager
    def sandbox(self) -> Iterator[str]:
        """The five vendors, imitated, until the block ends; gives their address."""
        self._heading("Start the sandbox: five vendors, imitated on this machine")
        arguments = ["sandbox", "--port", "0", "--speed", _SPEED]
        _shown("reconciler", *arguments)
        log = self._folder / "sandbox.log"
        with log.open("wb") as heard:
            server = subprocess.Popen(
                _command(arguments),
                cwd=self._folder,
                env=self._environ,
                stdout=subprocess.PIPE,
                stderr=heard,
            )
            assert server.stdout is not None
            try:
                said = server.stdout.readline().decode().strip()
                if not said.startswith("sandbox: "):
                    raise ReconcilerError(f"the sandbox did not start; see {log}")
                print(said, flush=True)
                yield said.removeprefix("sandbox: ")
            finally:
                server.terminate()
                try:
                    server.wait(5)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()
                server.stdout.close()

    def play(self, url: str) -> None:
        """Validate, plan, apply, plan again: what a user types."""
        self._heading("Check the project file and the manifests")
        self._run("validate")
        self._heading("Plan: what would go, what is refused, and why. Nothing is sent")
        self._run("plan", "--out", "plan.json")
        # Beside the play: the requests that this plan stands for, to compare with the ledger.
        whole = self._quietly("apply", "plan.json", "--dry-run", "--format", "json")
        (self._folder / "dry-run.json").write_bytes(whole)
        if any(request["effect"] for request in ledger(url)["requests"]):
            raise ReconcilerError("something was deleted before the apply")
        self._heading("Apply: exactly that plan, each account within its limits")
        self._run("apply", "plan.json", "--first-run", "--update-inventory")
        self._heading("Plan again: what was declared is now so")
        _shown("reconciler", "plan")
        said = self._quietly("plan")
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()
        if b"No changes" not in said:
            raise ReconcilerError("the second plan should say: No changes")

    def judged(self, url: str) -> Judgement:
        """Whether the vendors saw the plan, the whole plan and nothing but the plan."""
        self._heading("Ask the vendors: is what happened what was planned?")
        _shown("curl", f"{url}/__ledger")
        found = judge(self._folder, url)
        print("\n".join(found.lines), flush=True)
        return found

    def bold(self, text: str) -> str:
        """Bold on a terminal, plain elsewhere."""
        return f"\x1b[1m{text}\x1b[0m" if self._bright else text

    def _heading(self, text: str) -> None:
        print(f"\n{self.bold('# ' + text)}", flush=True)

    def _run(self, *arguments: str) -> None:
        """Show the command, run it, and stop the demo if it fails."""
        _shown("reconciler", *arguments)
        done = subprocess.run(_command(arguments), cwd=self._folder, env=self._environ, check=False)
        if done.returncode:
            said = f"`reconciler {shlex.join(arguments)}` ended with {done.returncode}"
            raise ReconcilerError(said)

    def _quietly(self, *arguments: str) -> bytes:
        """Run the command and return what it prints; stop the demo if it fails."""
        colour = ["--color", "always"] if self._bright else []
        done = subprocess.run(
            _command([*colour, *arguments]),
            cwd=self._folder,
            env=self._environ,
            check=False,
            capture_output=True,
        )
        if done.returncode:
            sys.stderr.write(done.stderr.decode("utf-8", "replace"))
            said = f"`reconciler {shlex.join(arguments)}` ended with {done.returncode}"
            raise ReconcilerError(said)
        return done.stdout


def _command(arguments: Sequence[str]) -> list[str]:
    """The reconciler of this very interpreter."""
    return [sys.executable, "-m", "reconciler", *arguments]


def _shown(*words: str) -> None:
    """The command as a user would type it."""
    print(f"$ {' '.join(words)}\n", flush=True)

"""The whole way through on the example project: five vendors, real HTTP, nothing real touched.

    python scripts/demo.py [FOLDER]

It copies the example into FOLDER (default: .demo), starts the sandbox on a free port, validates,
plans, applies, plans again, and compares what the vendors saw with what was planned. The exit code
is 0 only if exactly the plan happened.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from reconciler.model import Target

EXAMPLE = Path(__file__).resolve().parent.parent
# Nothing but the sandbox accepts these: they are no secrets.
CREDENTIALS = {
    "BATCH_REST_API_KEY": "sandbox-rest-key",
    "BATCH_IOS_API_KEY": "sandbox-ios-app-key",
    "KORE_CLIENT_SECRET": "sandbox-secret",
    "OZONETEL_API_KEY": "sandbox-ozonetel-key",
    "CELLCAST_API_KEY": "sandbox-cellcast-key",
}
MARK = ".made-by-the-demo"
SPEED = "100"


def main(folder: Path) -> int:
    """Run the demo in *folder*; 0 if exactly the plan happened."""
    started = time.monotonic()
    copy_example(folder)
    with sandbox(folder) as url:
        point_at(folder / "reconciler.yaml", url)
        play(folder, url)
        verdict, good = judge(folder, url)
    print(f"\n{bold(verdict)}  ({time.monotonic() - started:.0f} s)", flush=True)
    return 0 if good else 1


# ---------------------------------------------------------------- the scene


def copy_example(folder: Path) -> None:
    """The example project, freshly copied; its inventory was captured just now."""
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARK).exists():
            sys.exit(f"{folder} is not empty and was not made by the demo; name another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    shutil.copytree(EXAMPLE / "manifests", folder / "manifests")
    shutil.copy(EXAMPLE / "reconciler.yaml", folder)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = (EXAMPLE / "inventory.ndjson").read_text("utf-8").splitlines(keepends=True)
    fresh = re.sub(r'("capturedAt":)"[^"]*"', rf'\1"{now}"', lines[0])
    (folder / "inventory.ndjson").write_text(fresh + "".join(lines[1:]), "utf-8")


def point_at(project: Path, url: str) -> None:
    """Send every account of *project* to the sandbox at *url*."""
    text = project.read_text("utf-8")
    changed, count = re.subn(r"(baseUrl: )http://127\.0\.0\.1:\d+", rf"\g<1>{url}", text)
    if not count:
        sys.exit(f"{project} names no address of the sandbox")
    project.write_text(changed, "utf-8")


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """The five vendors, imitated, until the block ends; gives their address."""
    heading("Start the sandbox: five vendors, imitated on this machine")
    arguments = ["sandbox", "--port", "0", "--speed", SPEED]
    shown(arguments)
    with (folder / "sandbox.log").open("wb") as log:
        server = subprocess.Popen(
            command(arguments), cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=log
        )
        assert server.stdout is not None
        try:
            said = server.stdout.readline().decode().strip()
            if not said.startswith("sandbox: "):
                sys.exit(f"the sandbox did not start; see {folder / 'sandbox.log'}")
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


# ---------------------------------------------------------------- the play


def play(folder: Path, url: str) -> None:
    """Validate, plan, apply, plan again: what a user types."""
    heading("Check the project file and the manifests")
    run(folder, "validate")
    heading("Plan: what would go, what is refused, and why. Nothing is sent")
    run(folder, "plan", "--out", "plan.json")
    # Beside the play: the requests that this plan stands for, to compare with the ledger.
    whole = quietly(folder, "apply", "plan.json", "--dry-run", "--format", "json")
    (folder / "dry-run.json").write_bytes(whole)
    if any(request["effect"] for request in ledger(url)["requests"]):
        sys.exit("something was deleted before the apply")
    heading("Apply: exactly that plan, each account within its limits")
    run(folder, "apply", "plan.json", "--first-run", "--update-inventory")
    heading("Plan again: what was declared is now so")
    shown(["plan"])
    said = quietly(folder, "plan")
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()
    if b"No changes" not in said:
        sys.exit("the second plan should say: No changes")


def judge(folder: Path, url: str) -> tuple[str, bool]:
    """Whether the vendors saw the plan, the whole plan and nothing but the plan."""
    heading("Ask the vendors: is what happened what was planned?")
    shown([f"{url}/__ledger"], program="curl")
    told = ledger(url)
    plan = json.loads((folder / "plan.json").read_bytes())
    wanted = {target for action in plan["actions"] for target in targets(action)}
    effects = [effect for request in told["requests"] for effect in request["effect"]]
    planned = json.loads((folder / "dry-run.json").read_bytes())["requests"]
    deletions = [request for request in planned if not request.get("ifNeeded")]
    rest = list(told["requests"])
    missing = [one for one in deletions if not _take(rest, one)]
    foreign = [one for one in rest if one["effect"] or one["method"] == "DELETE"]
    throttled = sum(one["status"] == 429 for one in told["requests"])
    print(
        f"{len(wanted)} targets planned, {len(set(effects))} deleted; "
        f"{len(deletions)} requests planned, {len(deletions) - len(missing)} seen; "
        f"{len(foreign)} others that delete; {len(rest)} that read or log in; "
        f"{throttled} throttled",
        flush=True,
    )
    good = not missing and not foreign and sorted(effects) == sorted(wanted)
    for target in sorted(wanted - set(effects)):
        print(f"planned, and not deleted: {target!r}")
    for target in sorted(set(effects) - wanted):
        print(f"deleted, and not planned: {target!r}")
    return ("Exactly the plan happened." if good else "NOT what was planned."), good


def targets(action: Mapping[str, Any]) -> Iterator[str]:
    """The targets that *action* of a plan deletes, as they are written everywhere."""
    if action["action"] == "delete":
        for part in action["parts"] or [None]:
            yield str(Target(action["account"], action["id"], part))


def _take(seen: list[Mapping[str, Any]], planned: Mapping[str, Any]) -> bool:
    """Remove from *seen* the one request that is *planned*; False if there is none."""
    url = urlsplit(planned["url"])
    for index, one in enumerate(seen):
        if (
            one["method"] == planned["method"]
            and _same_path(unquote(url.path), one["path"])
            and dict(parse_qsl(url.query, keep_blank_values=True)) == one["query"]
            and planned["body"] == one["body"]
        ):
            del seen[index]
            return True
    return False


def _same_path(masked: str, path: str) -> bool:
    """Equal but for what the dry run masks."""
    mine, theirs = masked.split("/"), unquote(path).split("/")
    return len(mine) == len(theirs) and all(
        a in ("***", b) for a, b in zip(mine, theirs, strict=True)
    )


# ---------------------------------------------------------------- small things


def command(arguments: Sequence[str]) -> list[str]:
    """The reconciler of this very interpreter."""
    return [sys.executable, "-m", "reconciler", *arguments]


def environment() -> dict[str, str]:
    """The caller's, with the sandbox's credentials, a known author and the real time."""
    mine = {key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"}
    return {**mine, **CREDENTIALS, "RECONCILER_AUTHOR": "demo@acme.example"}


def run(folder: Path, *arguments: str) -> None:
    """Show the command, run it, and stop the demo if it fails."""
    shown(arguments)
    code = subprocess.run(command(arguments), cwd=folder, env=environment(), check=False).returncode
    if code:
        sys.exit(f"`reconciler {shlex.join(arguments)}` ended with {code}")


def quietly(folder: Path, *arguments: str) -> bytes:
    """Run the command and return what it prints; stop the demo if it fails."""
    colour = ["--color", "always"] if _bright() else []
    done = subprocess.run(
        command([*colour, *arguments]),
        cwd=folder,
        env=environment(),
        check=False,
        capture_output=True,
    )
    if done.returncode:
        sys.stderr.write(done.stderr.decode("utf-8", "replace"))
        sys.exit(f"`reconciler {shlex.join(arguments)}` ended with {done.returncode}")
    return done.stdout


def ledger(url: str) -> Any:
    """Every request the sandbox saw, and what is left; no proxy stands in between."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/__ledger", timeout=10) as answer:
        return json.load(answer)


def heading(text: str) -> None:
    """What comes next."""
    print(f"\n{bold('# ' + text)}", flush=True)


def shown(arguments: Sequence[str], program: str = "reconciler") -> None:
    """The command as a user would type it."""
    print(f"$ {' '.join([program, *arguments])}\n", flush=True)


def bold(text: str) -> str:
    """Bold on a terminal, plain elsewhere."""
    return f"\x1b[1m{text}\x1b[0m" if _bright() else text


def _bright() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    sys.exit(128 + number)


if __name__ == "__main__":
    for _number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(_number, _leave)  # so that the sandbox is stopped on the way out
    if isinstance(sys.stdout, type(sys.__stdout__)) and sys.stdout is not None:
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE / ".demo"))
    except KeyboardInterrupt:
        sys.exit(130)

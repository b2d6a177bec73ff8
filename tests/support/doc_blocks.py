"""The blocks of a page, done one after another as a reader does them, and what they show compared.

A `console` block holds commands (`$ `) and what they print; a block with a `title` is a file to
write. `…` alone on a line stands for any lines. Times, digests, ages and durations may differ.
"""

import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60
_FENCE = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]*) -->\n\n)?"
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_PORT = "8080"
_ALIKE = (
    (re.compile(r"sha256:[0-9a-f]{6,64}"), "DIGEST"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\s*\d\d:\d\d(:\d\d)?(Z| UTC)?"), "TIME"),
    (re.compile(r"TIME\s+UTC"), "TIME"),
    (re.compile(r"\b\d+ (s|min|h)( \d+ (s|min))?(?= old\b|\.$|,|\))"), "SPAN"),
    (re.compile(r"\b\d+ s from the vendor's"), "SPAN from the vendor's"),
)


@dataclass(frozen=True)
class Block:
    """One block of a page."""

    language: str
    title: str | None
    text: str
    why: str | None = None  # it is not run


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the lines that it is said to print (None: nothing said)."""

    line: str
    shown: tuple[str, ...]


def blocks(page: str) -> list[Block]:
    """All blocks of *page* (Markdown), in order."""
    return [Block(**found.groupdict()) for found in _FENCE.finditer(page)]


def section(page: str, title: str) -> str:
    """What stands under the heading *title*."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert found is not None, title
    return found[1]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; one that ends with a backslash goes on."""
    line: str | None = None
    shown: list[str] = []
    for text in block.text.splitlines():
        if line is not None and line.endswith("\\"):
            line = line[:-1] + text.strip()
        elif text.startswith("$ "):
            if line is not None:
                yield Command(line, tuple(shown))
            line, shown = text[2:], []
        else:
            shown.append(text)
    if line is not None:
        yield Command(line, tuple(shown))


@dataclass
class Reader:
    """Somebody who follows a page in the folder *cwd*; *port* is used in place of 8080."""

    cwd: Path
    environ: dict[str, str]
    port: int
    done: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)  # a word of a line -> its exit code
    _beside: list["subprocess.Popen[str]"] = field(default_factory=list)

    def follow(self, page: str) -> None:
        """Do every block of *page*."""
        for block in blocks(page):
            if block.title is not None:
                self._write(block.title, block.text)
            elif block.language == "console" and block.why is None:
                for command in commands(block):
                    self._do(command)

    def do(self, line: str) -> None:
        """Do one command, whatever it prints."""
        self._do(Command(line, ()))

    def close(self) -> None:
        """End what was started beside."""
        for process in self._beside:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
        self._beside.clear()

    def _write(self, title: str, text: str) -> None:
        place = self.cwd / title
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def _do(self, command: Command) -> None:
        line = command.line.partition("  #")[0].strip()
        self.done.append(line)
        if line.startswith(("pip ", "kill %")):
            return
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self.environ[name] = value
            return
        line = line.replace(_PORT, str(self.port))
        if line.startswith("reconciler init ") and "--port" not in line:
            line += f" --port {self.port}"
        if line.startswith("reconciler sandbox"):
            self._start(line, command.shown)
            return
        printed = self.run(line)
        self.printed.append(printed)
        if command.shown:
            compare(line, "\n".join(command.shown), printed.replace(str(self.port), _PORT))

    def run(self, line: str) -> str:
        """Run *line* in a shell, and return what it prints; it must end as *ends* says, or well."""
        code = next((one for word, one in self.ends.items() if word in line), 0)
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.cwd,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == code, f"$ {line}\n{done.stdout}"
        return done.stdout

    def _start(self, line: str, shown: tuple[str, ...]) -> None:
        """A server in another terminal; what it says first is waited for."""
        line = line.removesuffix("&").strip()
        if "--port" not in line:
            line += f" --port {self.port}"
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=self.cwd,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._beside.append(process)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("sandbox: "), first + process.stdout.read()
        if shown:
            compare(line, shown[0], first.replace(str(self.port), _PORT))


def compare(line: str, wanted: str, printed: str) -> None:
    """That *printed* is what the page shows: `…` for any lines, what differs each time aside."""
    pattern = "".join(
        r"(?:.*\n)*?" if one == "…" else f"{re.escape(_plain(one))}\n"
        for one in wanted.strip("\n").splitlines()
    )
    plain = "".join(f"{_plain(one)}\n" for one in printed.strip("\n").splitlines())
    assert re.fullmatch(pattern, plain), f"$ {line}\n{printed}\n--- the page shows\n{wanted}"


def _plain(line: str) -> str:
    for pattern, word in _ALIKE:
        line = pattern.sub(word, line)
    return line.rstrip()


def environ(base: Mapping[str, str]) -> dict[str, str]:
    """*base*, and who plans."""
    return {**base, "RECONCILER_AUTHOR": "you@acme.example", "COLUMNS": "100"}

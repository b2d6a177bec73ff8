"""Real shells on a terminal: a line is typed, Tab is pressed, and what stands there is told."""

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

PATIENCE = 30.0
_START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
_SETUP = {
    "bash": "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'",
    "zsh": "autoload -Uz compinit; compinit -u -D; bindkey -e; unset zle_bracketed_paste",
    "fish": "true",
}
_LOAD = {
    "bash": 'eval "$(reconciler completion bash)"',
    "zsh": 'eval "$(reconciler completion zsh)"',
    "fish": "reconciler completion fish | source",
}


class Shell:
    """An interactive shell with our completion loaded, in the folder *cwd*."""

    def __init__(self, name: str, cwd: Path, path: str) -> None:
        self._name = name
        self._ours, theirs = pty.openpty()
        home = cwd.parent / f"home-{name}"
        home.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *_START[name]],  # as a terminal's own shell
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={
                "PATH": path,
                "HOME": str(home),
                "TERM": "xterm",
                "LANG": "C.UTF-8",
                "XDG_CONFIG_HOME": str(home),
                "XDG_DATA_HOME": str(home),
            },
        )
        os.close(theirs)
        self._seen = ""
        self._lines = 0
        self.run(_SETUP[name])
        self.run(_LOAD[name])

    def close(self) -> None:
        os.close(self._ours)  # the terminal is gone: it hangs up
        self._process.wait(PATIENCE)

    def run(self, command: str) -> None:
        """Run *command*, and wait until it is done."""
        self._lines += 1
        # The sign is put together by the shell, so that the echo of what is typed is not it.
        self._type(f"{command}; printf 'done<%s>' {self._lines}\n")
        self._until(rf"done<{self._lines}>")

    def completed(self, line: str) -> list[str]:
        """The words of *line*, typed and completed with a Tab."""
        self._lines += 1
        sign = f"words{self._lines}"
        # To the beginning of the line, and what stands there becomes words to print.
        self._type(f"{line}\t\x01printf '<%s>' {sign} \x05 end{self._lines}\n")
        found = self._until(rf"<{sign}>((?:<[^<>]*>)*)<end{self._lines}>")
        return re.findall(r"<([^<>]*)>", found[1])

    def offered(self, line: str, *wanted: str) -> None:
        """Type *line* and Tab, twice, and wait until all that is *wanted* is shown; give it up."""
        self._type(f"{line}\t\t")
        # A blank may be shown as the shell would need it typed.
        signs = [re.escape(one).replace("\\ ", r"\\? ") for one in wanted]
        self._until("(?s)" + "".join(f"(?=.*{one})" for one in signs) + ".*")
        self._type("\x03")
        self.run("true")

    def _type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def _until(self, pattern: str) -> "re.Match[str]":
        deadline = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self._seen)) is None:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self._ours], [], [], max(left, 0))
            assert ready, f"{self._name} did not come to {pattern!r}:\n{self._seen[-3000:]}"
            self._seen += os.read(self._ours, 65536).decode("utf-8", "replace")
        self._seen = self._seen[found.end() :]
        return found

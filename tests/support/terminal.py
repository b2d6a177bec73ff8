"""A command in a real terminal: tmux, so many columns wide."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

TMUX = shutil.which("tmux")
_ROWS = 40


class Terminal:
    """A tmux server of its own with one window in *folder*."""

    def __init__(self, folder: Path, columns: int, rows: int = _ROWS) -> None:
        self._name = f"reconciler-{uuid4().hex[:12]}"
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        env.pop("TMUX", None)
        size = ["-x", str(columns), "-y", str(rows)]
        self._env = env
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), "sh")

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._name, *words], env=self._env, capture_output=True, check=True
        )
        return done.stdout.decode()

    def start(self, *words: str) -> None:
        """Begin `reconciler` with *words*; its end is told on the screen."""
        command = shlex.join([sys.executable, "-m", "reconciler", *words])
        self._tmux("send-keys", f"clear; {command}; echo ENDED $?", "Enter")

    def screen(self, *, colored: bool = False) -> str:
        """What is shown now, without what has scrolled away."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colored else []), "-t", "0")

    def until(self, shown: Callable[[str], bool], seconds: float = 60) -> str:
        """The screen once *shown* says yes to it."""
        end = time.monotonic() + seconds
        while not shown(screen := self.screen()):
            assert time.monotonic() < end, screen
            time.sleep(0.1)
        return screen

    def ended(self) -> tuple[int, str]:
        """The exit code and the screen, once the command is over."""
        screen = self.until(lambda text: "\nENDED " in f"\n{text}")
        return int(screen.rpartition("ENDED ")[2].split()[0]), screen

    def close(self) -> None:
        """End the server and what runs in it."""
        self._tmux("kill-server")

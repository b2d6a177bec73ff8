"""Markdown as GitHub, marked and remark read it: four parsers, one for each family of hosts."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

HOME = Path(__file__).with_name("markdown")
ROOT = HOME.parent.parent.parent
FILES = ("package.json", "package-lock.json", "read.mjs")

Pages = Mapping[str, str]  # by parser, the HTML


def pages(texts: Sequence[str]) -> list[Pages]:
    """Each of *texts* as HTML, by parser."""
    others = json.loads(_node(json.dumps(list(texts))))
    made: list[Pages] = []
    for text, other in zip(texts, others, strict=True):
        made.append({**{name: read(text) for name, read in _OURS.items()}, **other})
    return made


PARSERS = ("cmark-gfm", "markdown-it", "marked", "remark")
_OURS: Mapping[str, Callable[[str], str]] = {
    "cmark-gfm": lambda text: cmarkgfm.github_flavored_markdown_to_html(
        text, Options.CMARK_OPT_UNSAFE
    ),
    "markdown-it": lambda text: (
        MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    ),
}


def _node(told: str) -> str:
    node = shutil.which("node")
    assert node is not None, "no Node.js: run scripts/system.sh"
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(told)
        file.flush()
        run = [node, str(_installed() / "read.mjs"), file.name]
        return subprocess.run(run, capture_output=True, text=True, check=True, timeout=300).stdout


@cache
def _installed() -> Path:
    """Where the parsers are, as the lock has them; outside of what is under version control."""
    npm = shutil.which("npm")
    assert npm is not None, "no npm: run scripts/system.sh"
    mark = sha256(b"".join((HOME / name).read_bytes() for name in FILES)).hexdigest()[:16]
    place = ROOT / ".venv" / f"markdown-{mark}"
    if not place.exists():
        with TemporaryDirectory(
            dir=place.parent, prefix="markdown-", ignore_cleanup_errors=True
        ) as made:
            for name in FILES:
                shutil.copy(HOME / name, made)
            run = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(run, cwd=made, check=True, capture_output=True, timeout=300)
            with suppress(OSError):  # another test process was faster
                Path(made).rename(place)
    return place

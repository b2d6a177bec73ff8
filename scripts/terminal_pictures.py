"""Draw the pictures of a terminal in docs/images: a run in real tmux, at 80 and at 200 columns.

Run it from the repository: `python scripts/terminal_pictures.py`. Needs tmux.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from reconciler.sandbox import create_app, serve  # noqa: E402 - found by the line above
from tests.support.terminal import Terminal  # noqa: E402

IMAGES = ROOT / "docs/images"
PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {{name: acme-messaging}}
spec:
  accounts:
    push-prod:
      driver: batch-cep
      settings: {{project: project_1, restApiKey: {{env: BATCH_REST_API_KEY}}}}
      baseUrl: {url}/batch
      before: look
      limits: {{requests: 6, per: 1s, concurrency: 1}}
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire-diwali-2024, owner: lifecycle, reason: The season is over, ticket: CHG-1}
spec:
  account: push-prod
  absent: [{match: {name: "Diwali 2024 *"}}]
"""


def records() -> list[dict[str, object]]:
    """Twenty-four campaigns that go, and a hundred that stay."""
    names = [f"Diwali 2024 teaser {n}" for n in range(1, 25)]
    names += [f"Welcome {n}" for n in range(1, 1501)]
    return [
        {"account": "push-prod", "id": f"orchestration_{n:04}", "name": name, "status": "stopped"}
        for n, name in enumerate(names)
    ]


def write(folder: Path, url: str) -> None:
    """A project whose vendor is at *url*."""
    (folder / "manifests").mkdir()
    (folder / "reconciler.yaml").write_text(PROJECT.format(url=url))
    (folder / "manifests/diwali.yaml").write_text(MANIFEST)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = {
        "apiVersion": "reconciler/v1",
        "kind": "Inventory",
        "capturedAt": now,
        "accounts": {"push-prod": {"complete": True}},
    }
    lines = [json.dumps(one) for one in (head, *records())]
    (folder / "inventory.ndjson").write_text("\n".join(lines) + "\n")


def drawn(terminal: Terminal, columns: int, name: str, title: str) -> None:
    """Draw what *terminal* shows now as docs/images/*name*-*columns*.svg."""
    shown = terminal.screen(colored=True).rstrip().splitlines()
    kept = [line for line in shown if "ENDED" not in line and line.strip() not in ("#", "$")]
    console = Console(record=True, width=columns, file=open(os.devnull, "w"))  # noqa: SIM115
    for line in kept:
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)
    path = IMAGES / f"{name}-{columns}.svg"
    svg = console.export_svg(title=title, theme=MONOKAI, unique_id=name)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # nothing from elsewhere
    path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


def looking(screen: str) -> bool:
    """Whether a good part of the looks is made."""
    return "looking 1" in screen and "left" in screen


def main() -> None:
    tenants = {"push-prod": ("batch-cep", {"project": "project_1"})}
    os.environ["BATCH_REST_API_KEY"] = "sandbox-key"
    for columns in (80, 200):
        with TemporaryDirectory() as name, serve(create_app(records(), tenants, 500, ())) as url:
            folder = Path(name)
            write(folder, url)
            terminal = Terminal(folder, columns, rows=24)
            try:
                terminal.start("plan", "--out", "plan.json", "--no-pager", "--summary")
                terminal.ended()
                terminal.start("apply", "plan.json")
                wait: Callable[[str], bool] = looking
                terminal.until(wait)
                drawn(terminal, columns, "apply-looking", "reconciler apply plan.json")
                terminal.ended()
                drawn(terminal, columns, "apply-done", "reconciler apply plan.json")
            finally:
                terminal.close()


if __name__ == "__main__":
    main()

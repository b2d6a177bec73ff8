"""How quick the HTML page of 20,000 campaigns is, in the machine's own Chromium.

python benchmarks/page.py [--quick]

Seconds of the page's main thread, style and layout included, so that what else the machine does
does not count; a person with a machine to himself waits no longer.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from _side import at_most, finish, options

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, CDPSession, Page  # noqa: E402

from tests.support.browser import chromium  # noqa: E402
from tests.support.page_samples import applied, season  # noqa: E402
from tests.support.render_samples import seen  # noqa: E402

ROWS = 20_000
TYPED = """said => {
  const q = document.getElementById("q");
  q.value = said;
  q.dispatchEvent(new Event("input", { bubbles: true }));
}"""
PAINTED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"


def main() -> int:
    arguments = options(__doc__, repeats=5)
    repeats = 2 if arguments.quick else arguments.repeats
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for name, html in (
            ("plan", seen("html", season(ROWS))),
            ("report", seen("html", applied(ROWS), season(ROWS))),
        ):
            file = Path(folder, f"{name}.html")
            file.write_text(html, "utf-8")
            for width in [1280, 390] * repeats:
                for what, seconds in measured(browser, file, width):
                    said = f"{name} of {ROWS:,}, {width} px: {what}"
                    found.setdefault(said, []).append(seconds)
    figures = [
        at_most(2 if "usable" in what else 0.1, what, median(some), unit="s")
        for what, some in found.items()
    ]
    return finish(
        "page", "The HTML page", figures, runs=f"{repeats} runs of each", quick=arguments.quick
    )


def measured(browser: Browser, file: Path, width: int) -> Iterator[tuple[str, float]]:
    """What is done, and how many seconds of the main thread it takes."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(file.as_uri())
    page.wait_for_selector("tr.row")
    yield "usable", busy(session)
    page.wait_for_timeout(1_000)  # what it does while nobody asks for anything
    facet = page.get_by_label("voice-in")
    for what, do in (
        ("first search", lambda: page.evaluate(TYPED, "number")),
        ("search that finds all", lambda: page.evaluate(TYPED, "e")),
        ("search that finds few", lambda: page.evaluate(TYPED, "st-0199")),
        ("search cleared", lambda: page.evaluate(TYPED, "")),
        ("facet chosen", lambda: facet.evaluate("one => one.click()")),
        ("facet left", lambda: facet.evaluate("one => one.click()")),
    ):
        yield what, taken(page, session, do)
    context.close()


def taken(page: Page, session: CDPSession, do: Callable[[], object]) -> float:
    """The main thread's seconds of *do*, until what it changed is drawn."""
    before = busy(session)
    do()
    page.evaluate(PAINTED)
    return busy(session) - before


def busy(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


if __name__ == "__main__":
    sys.exit(main())

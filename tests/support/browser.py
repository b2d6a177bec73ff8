"""A page of ours in the machine's own Chromium, and all that it says or asks for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

ADDRESS = "http://page.example/plan.html"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    assert CHROMIUM is not None, "no Chromium: run scripts/system.sh"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class Opened:
    """*said*: console messages, errors and dialogs. *asked*: requests besides that of the page."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    @property
    def hits(self) -> str:
        return self.page.locator("#hits").inner_text()

    def axe(self) -> list[str]:
        """What axe finds, best practices included; each as `rule: the element`."""
        self.page.evaluate(_axe())
        found: dict[str, Any] = self.page.evaluate(
            "axe.run(document, {resultTypes: ['violations']})"
        )
        return [
            f"{one['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


@contextmanager
def opened(
    browser: Browser,
    html: str,
    *,
    width: int = 1280,
    scheme: Literal["light", "dark"] = "light",
    script: bool = True,
    fragment: str = "",
) -> Iterator[Opened]:
    """*html* served from an address that nothing else answers at."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    found = Opened(page)
    page.on("console", lambda one: found.said.append(one.text))
    page.on("pageerror", lambda one: found.said.append(str(one)))
    page.on("dialog", lambda one: found.said.append(one.message))

    def answer(route: Any) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        else:
            found.asked.append(route.request.url)
            route.abort()

    page.route("**/*", answer)
    page.goto(ADDRESS + fragment)
    yield found
    context.close()

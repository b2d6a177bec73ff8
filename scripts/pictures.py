"""Make the pictures of docs/images from the pages that the tests look at.

.venv/bin/python scripts/pictures.py
"""

import sys
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page  # noqa: E402

from tests.support.browser import chromium, opened  # noqa: E402
from tests.support.compared_plans import changed, shown  # noqa: E402
from tests.support.page_samples import applied, season  # noqa: E402
from tests.support.render_samples import seen  # noqa: E402

FOLDER = ROOT / "docs" / "images"
Scheme = Literal["light", "dark"]


def main() -> None:
    plan = seen("html", season())
    report = seen("html", applied(), season())
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        picture(browser, plan, "plan-1280", 1280, "light", "h1")
        picture(browser, plan, "campaigns-1280", 1280, "light", "#explorer", "#account=push-prod")
        picture(browser, report, "report-1280", 1280, "dark", "#time-title")
        picture(browser, shown("html", changed()), "compared-1280", 1280, "light", "h1")
        picture(browser, plan, "plan-390", 390, "light", "h1")
        picture(browser, report, "campaigns-390", 390, "dark", "#list", "#outcome=in-doubt")


def picture(
    browser: Browser,
    html: str,
    name: str,
    width: int,
    scheme: Scheme,
    top: str,
    fragment: str = "",
) -> None:
    """What one sees of *html* with the element *top* at the window's top."""
    with opened(browser, html, width=width, scheme=scheme, fragment=fragment) as found:
        page = found.page
        page.set_viewport_size({"width": width, "height": 800})
        if fragment:
            page.locator(".fold").first.click()
        page.locator("#expires").evaluate_all(
            "all => all.forEach(one => one.textContent = one.textContent.replace(/ \\(.*/, ''))"
        )
        to_top(page, top)
        page.screenshot(path=FOLDER / f"{name}.png")


def to_top(page: Page, selector: str) -> None:
    page.locator(selector).first.evaluate(
        "one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 24)"
    )
    page.wait_for_function("document.querySelectorAll('tr').length > 0")


if __name__ == "__main__":
    main()

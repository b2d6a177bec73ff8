"""The page in a real Chromium: what one can do with it, and what it must never do."""

import re
from functools import cache
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import opened
from tests.support.page_samples import applied, season
from tests.support.render_samples import hostile_plan, hostile_report, many, plan_of, seen

Scheme = Literal["light", "dark"]


@cache
def html(name: str) -> str:
    match name:
        case "plan":
            return seen("html", season())
        case "report":
            return seen("html", applied(), season())
        case "hostile plan":
            return seen("html", hostile_plan())
        case "hostile report":
            return seen("html", hostile_report(), hostile_plan())
        case "large":
            return seen("html", many(20_000))
        case _:
            return seen("html", plan_of([]))


NAMES = ["plan", "report", "hostile plan", "hostile report", "nothing"]
ROWS = len(season().actions)


@pytest.mark.parametrize("name", [*NAMES, "large"])
def test_the_page_asks_for_nothing_and_says_nothing(browser: Browser, name: str) -> None:
    with opened(browser, html(name)) as page:
        page.page.wait_for_timeout(200)
        assert (page.said, page.asked) == ([], [])


@pytest.mark.parametrize("name", ["hostile plan", "hostile report"])
def test_a_hostile_name_is_only_text(browser: Browser, name: str) -> None:
    with opened(browser, html(name)) as page:
        for fold in page.page.locator(".fold").all()[:60]:
            fold.click()
        tags = page.page.evaluate(
            "[...new Set([...document.querySelectorAll('main *')].map(one => one.tagName))]"
        )
        assert not {"IMG", "IFRAME", "OBJECT", "SCRIPT"} & set(tags)
        assert "<script>alert(1)</script>" in page.page.locator("#list").inner_text()
        addresses = page.page.eval_on_selector_all("a", "all => all.map(one => one.protocol)")
        assert set(addresses) == {"http:"}  # of the page itself
        assert (page.said, page.asked) == ([], [])


# ---------------------------------------------------------------- facets, search, order


def test_a_facet_shows_its_rows_and_counts_the_others(browser: Browser) -> None:
    with opened(browser, html("plan")) as page:
        expect(page.page.locator("#hits")).to_contain_text(f"{ROWS} campaigns")
        page.page.get_by_label("push-legacy").check()
        assert page.hits.startswith(f"30 of {ROWS} campaigns")
        assert "30 to delete" in page.hits
        accounts = page.page.get_by_role("group", name="Account")
        assert "voice-in" in accounts.inner_text()  # still there to be added
        page.page.get_by_label("voice-in").check()
        assert page.hits.startswith(f"69 of {ROWS} campaigns")
        page.page.get_by_role("group", name="Action").get_by_label("none").check()
        assert page.hits.startswith(f"9 of {ROWS} campaigns")
        page.page.get_by_role("button", name="Account: push-legacy").click()
        assert page.hits.startswith(f"9 of {ROWS} campaigns")
        page.page.get_by_role("button", name="Show all", exact=True).click()
        assert page.hits.startswith(f"{ROWS} campaigns")


@pytest.mark.parametrize("facet", ["Action", "Account", "Reason", "Status", "Owner", "Ticket"])
def test_every_facet_is_a_group_of_real_controls(browser: Browser, facet: str) -> None:
    with opened(browser, html("plan")) as page:
        group = page.page.get_by_role("group", name=facet)
        boxes = group.get_by_role("checkbox")
        number = group.locator(".number").first.inner_text()
        boxes.first.check()
        assert page.hits.startswith(f"{number} of {ROWS} campaigns")


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        ("EVERGREEN", 4),  # names, in any case
        ("0664wrong", 1),  # ids
        ("legal-77", 1),  # tickets
        ("list we may no longer", 1),  # reasons of manifests
        ("team=growth season=2024", 30),  # labels, all words at once
        ("chg-1001", 1),  # waivers
        ("legal hold", 4),  # messages
        ("manifests/sms.yaml:14", 1),  # places
        ("6F1C0D9E-0002", 1),  # messages inside a campaign
        ("no such thing", 0),
    ],
)
def test_a_search_looks_at_every_field_and_counts_its_hits(
    browser: Browser, words: str, hits: int
) -> None:
    with opened(browser, html("plan")) as page:
        page.page.get_by_label("Search").fill(words)
        assert page.hits.startswith(f"{hits} of {ROWS} campaigns")
        assert page.page.locator("tr.row").count() == min(hits, 60)


def test_a_report_is_searched_by_what_the_vendor_said(browser: Browser) -> None:
    with opened(browser, html("report")) as page:
        page.page.get_by_label("Search").fill("not_deletable")
        assert page.hits.startswith(f"1 of {ROWS} campaigns · 1 refused")


def test_a_column_sorts_up_down_and_back(browser: Browser) -> None:
    with opened(browser, html("plan"), fragment="#group=none") as page:
        names = "tr.row .name"
        before = page.texts(names)[:20]
        header = page.page.get_by_role("columnheader", name="Campaign")
        header.get_by_role("button").click()
        expect(header).to_have_attribute("aria-sort", "ascending")
        up = page.texts(names)[:20]
        assert up[0].startswith("Back to school")
        assert up[:3] == sorted(up[:3], key=lambda one: int(one.rpartition(" ")[2]))  # 4, 11, 18
        header.get_by_role("button").click()
        expect(header).to_have_attribute("aria-sort", "descending")
        assert page.texts(names)[0].startswith("Wrong audience")
        header.get_by_role("button").click()
        assert page.texts(names)[:20] == before


def test_rows_stand_under_who_asks_and_why(browser: Browser) -> None:
    with opened(browser, html("plan")) as page:
        head = page.page.locator("tr.head").nth(1).inner_text()
        assert "legacy-push" in head
        assert "The old app is off; nothing reads these any more" in head
        assert "platform-messaging" in head
        assert "CHG-10398" in head
        assert "30 to delete" in head
        page.page.get_by_label("Group by").select_option("ticket")
        assert page.page.locator("tr.head h3").first.inner_text() == "LEGAL-77"


# ---------------------------------------------------------------- unfolding


def test_a_row_unfolds_to_all_that_is_known(browser: Browser) -> None:
    with opened(browser, html("report"), fragment="#outcome=deleted&q=season%3D2024") as page:
        fold = page.page.locator(".fold").first
        fold.click()
        expect(fold).to_have_attribute("aria-expanded", "true")
        shown = page.page.locator(".about").inner_text()
        for said in (
            "asked for by platform-messaging, ticket CHG-10398",
            "team=growth, season=2024",
            "status draft, channel voice, created",
            "known from the answer",
            "POST https://api.batch.com/2.8/campaigns/delete",
            "204",
        ):
            assert said in shown
        fold.click()
        assert page.page.locator(".about").count() == 0


def test_a_kept_copy_is_named(browser: Browser) -> None:
    with opened(browser, html("report"), fragment="#q=abababab") as page:
        page.page.locator(".fold").first.click()
        assert "Copy kept: sha256:abab" in page.page.locator(".about").inner_text()


def test_what_deserves_a_second_look_comes_first_and_is_a_link(browser: Browser) -> None:
    with opened(browser, html("plan")) as page:
        said = page.texts(".twice li")
        assert said == ["1 a guard is waived", "3 changed in the last 4 weeks"]
        page.page.get_by_role("link", name="a guard is waived").click()
        assert page.hits.startswith(f"1 of {ROWS} campaigns")
        page.page.locator(".fold").first.click()
        assert "Look twice\na guard is waived" in page.page.locator(".about").inner_text()
    with opened(browser, html("report")) as page:
        assert page.page.locator(".twice").count() == 0


# ---------------------------------------------------------------- permalinks


def test_the_address_holds_the_filter_and_brings_it_back(browser: Browser) -> None:
    with opened(browser, html("plan")) as page:
        page.page.get_by_label("Search").fill("friday")
        page.page.get_by_label("push-prod").check()
        page.page.get_by_label("Sort by").select_option("name")
        page.page.get_by_role("button", name="Reverse").click()
        address, hits = page.page.url.partition("#")[2], page.hits
        names = page.texts("tr.row .name")
    assert address == "q=friday&account=push-prod&sort=-name"
    with opened(browser, html("plan"), fragment=f"#{address}") as page:
        assert page.hits == hits
        assert page.texts("tr.row .name") == names
        assert page.page.get_by_label("push-prod").is_checked()


def test_a_link_to_a_filter_goes_to_what_it_leaves(browser: Browser) -> None:
    with opened(browser, html("plan"), fragment="#account=dialer") as page:
        expect(page.page.locator("#hits")).to_be_in_viewport()
        assert page.page.evaluate("scrollY") > 500


def test_a_link_to_one_campaign_unfolds_it_and_goes_there(browser: Browser) -> None:
    fragment = "#at=push-prod%2Forchestration_0664live"
    with opened(browser, html("plan"), fragment=fragment) as page:
        row = page.page.locator('tr.row:has-text("orchestration_0664live")')
        expect(row).to_be_in_viewport()
        expect(row.locator(".fold")).to_be_focused()
        href = page.page.locator(".about").get_by_role("link", name="to this campaign")
        assert (href.get_attribute("href") or "") == fragment


def test_drawings_tiles_and_manifests_are_links_to_their_rows(browser: Browser) -> None:
    with opened(browser, html("plan")) as page:
        for name, hits in (("completed", 37), ("lead-refills", 1), ("5 refused", 5)):
            page.page.get_by_role("link", name=re.compile(name)).first.click()
            assert page.hits.startswith(f"{hits} of {ROWS} campaigns")


def test_a_doubt_is_a_link_to_its_campaign(browser: Browser) -> None:
    with opened(browser, html("report")) as page:
        page.page.locator(".alert.doubt a").first.click()
        assert "in-doubt" in page.page.locator(".about").inner_text()


# ---------------------------------------------------------------- keyboard


def test_the_keyboard_alone_is_enough(browser: Browser) -> None:
    with opened(browser, html("plan")) as page:
        keys = page.page.keyboard
        keys.press("Tab")
        expect(page.page.get_by_role("link", name="Skip to the campaigns")).to_be_focused()
        keys.press("/")
        expect(page.page.get_by_label("Search")).to_be_focused()
        keys.type("evergreen")
        assert page.hits.startswith("4 of")
        keys.press("ArrowDown")
        expect(page.page.locator(".fold").nth(0)).to_be_focused()
        keys.press("j")
        expect(page.page.locator(".fold").nth(1)).to_be_focused()
        keys.press("Enter")
        expect(page.page.locator(".fold").nth(1)).to_have_attribute("aria-expanded", "true")
        keys.press("End")
        expect(page.page.locator(".fold").nth(3)).to_be_focused()
        keys.press("ArrowUp")
        expect(page.page.locator(".fold").nth(2)).to_be_focused()
        keys.press("Shift+Tab")  # one row is in the tab order, the controls are before it
        assert page.page.evaluate("document.activeElement.className") != "fold"
        page.page.get_by_label("Search").focus()
        keys.press("Escape")
        assert page.hits.startswith(f"{ROWS} campaigns")


def test_single_keys_can_be_switched_off(browser: Browser) -> None:
    with opened(browser, html("plan")) as page:
        page.page.get_by_label("single keys on").uncheck()
        page.page.locator("h1").click()
        page.page.keyboard.press("/")
        assert page.page.evaluate("document.activeElement.id") != "q"


def test_arrows_reach_rows_that_are_not_drawn_yet(browser: Browser) -> None:
    with opened(browser, html("large")) as page:
        page.page.get_by_label("Search").focus()
        page.page.keyboard.press("ArrowDown")
        page.page.keyboard.press("End")
        expect(page.page.locator(".fold:focus")).to_have_attribute("data-at", "19999")
        expect(page.page.locator(".fold:focus")).to_be_in_viewport()


# ---------------------------------------------------------------- many rows


def test_of_twenty_thousand_rows_only_those_in_view_are_drawn(browser: Browser) -> None:
    with opened(browser, html("large")) as page:
        assert "20,000 campaigns" in page.hits
        assert page.page.locator("tr.row").count() <= 200
        for _ in range(3):
            page.page.evaluate("scrollTo(0, document.body.scrollHeight * Math.random())")
            expect(page.page.locator("tr.row").first).to_be_attached()
        page.page.get_by_role("button", name="Campaign", exact=True).focus()
        page.page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
        expect(page.page.locator("tr.row:visible").first).to_be_visible()
        page.page.wait_for_function("document.querySelectorAll('tr.row').length <= 200")
        height = page.page.evaluate("document.querySelector('.grid').offsetHeight")
        assert height > 20_000 * 50  # the scroll bar tells how many there are


# ---------------------------------------------------------------- paper, and no script


@pytest.mark.parametrize(("fragment", "rows"), [("", ROWS), ("#account=push-legacy", 30)])
def test_paper_has_every_row_that_the_filters_leave_unfolded(
    browser: Browser, fragment: str, rows: int
) -> None:
    with opened(browser, html("plan"), fragment=fragment) as page:
        page.page.emulate_media(media="print")
        expect(page.page.locator("#paper tr[data-n]:visible")).to_have_count(rows)
        assert page.page.locator("#app").is_hidden()
        text = page.page.locator("#paper").inner_text()
        assert ("filtered by Account: push-legacy" in text) == bool(fragment)
        assert "CHG-10398" in text
        page.page.emulate_media(media="screen")
        expect(page.page.locator("#paper tr")).to_have_count(0)


def test_paper_unfolds_what_the_screen_folds(browser: Browser) -> None:
    with opened(browser, html("hostile plan")) as page:
        assert page.page.locator("details.rest .card").first.is_hidden()
        page.page.emulate_media(media="print")
        expect(page.page.locator("details.rest .card").first).to_be_visible()


@pytest.mark.parametrize("name", ["plan", "report"])
def test_without_a_script_every_row_is_there(browser: Browser, name: str) -> None:
    with opened(browser, html(name), script=False) as page:
        assert page.page.locator("tr[data-n]").count() == ROWS
        assert page.page.locator("#app").is_hidden()
        assert "Legal hold LH-7" in page.page.locator(".explorer").inner_text()


# ---------------------------------------------------------------- for everybody, on any screen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["plan", "report", "hostile plan", "nothing"])
def test_axe_finds_nothing(browser: Browser, name: str, width: int, scheme: Scheme) -> None:
    with opened(browser, html(name), width=width, scheme=scheme) as page:
        if name != "nothing":
            page.page.locator(".fold").nth(1).click()
            page.page.locator("#facets").evaluate("one => { one.open = true }")
        assert page.axe() == []


@pytest.mark.parametrize("name", ["plan", "report"])
def test_axe_finds_nothing_while_one_filters_and_without_a_script(
    browser: Browser, name: str
) -> None:
    for fragment in ("#q=nothing+at+all", "#owner=voice-lab&sort=-name&group=reason"):
        with opened(browser, html(name), fragment=fragment) as page:
            assert page.axe() == []


BROKEN = """() => {
  const broken = [], walker = document.createTreeWalker(document.querySelector('main'), 4);
  while (walker.nextNode()) {
    const node = walker.currentNode, box = node.parentElement;
    if (!box.checkVisibility() || box.closest('noscript, script, .sr, .about, .skip')) continue;
    for (const word of node.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
      // A hyphen or a slash is a place to break a line, and no word is broken there.
      if (tops.size > 1 && !/[-/]/.test(word[0])) broken.push(word[0]);
    }
  }
  return broken;
}"""


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("name", ["plan", "report"])
def test_no_word_is_broken_and_no_row_is_tall(browser: Browser, name: str, width: int) -> None:
    with opened(browser, html(name), width=width) as page:
        assert page.page.evaluate(BROKEN) == []
        heights = page.page.eval_on_selector_all(
            "tr.row", "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert heights
        assert max(heights) <= 200
        wide = page.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width


def test_a_narrow_screen_has_cards_and_no_table(browser: Browser) -> None:
    with opened(browser, html("plan"), width=390) as page:
        shown = page.page.locator("tr.row").first.evaluate("one => getComputedStyle(one).display")
        assert shown == "grid"
        assert page.page.locator(".grid thead").is_hidden()
        page.page.get_by_label("Sort by").select_option("name")  # there is no header to click
        assert page.page.locator("tr.row .name").first.inner_text().startswith("Lead")

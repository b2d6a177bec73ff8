"""Flows: logging in, listing, looking."""

import json
from collections.abc import Iterator

from msgspec import structs

from reconciler.driver import Answer, Listing, Missing, Present, Request, Secret
from reconciler.model import Campaign
from reconciler.testing.common import arbitrary, ended, flows, quietly, said
from reconciler.testing.example import SECRET, Example


def flows_end_whatever_is_answered(example: Example) -> None:
    """Each flow ends, raises nothing, and returns a value of its kind."""
    for answer in arbitrary(example):
        for name, flow, kinds in flows(example):
            found = ended(flow, (answer,))
            assert isinstance(found, kinds), f"{name} after {said(answer)} gave {found!r}"


def flow_requests_are_fit_to_be_shown(example: Example) -> None:
    """The first request of each flow shows no secret, and no segment of it holds a slash."""
    for name, flow, _ in flows(example):
        try:
            request: Request = next(flow)
        except StopIteration:
            continue
        told = f"{request!r} {request.shown_url} {json.dumps(request.shown_body)}"
        for secret in (*example.checked.credentials(), "token"):
            assert SECRET.format(secret) not in told, f"the secret {secret} shows in {name}"
        whole = (one for one in request.path if not isinstance(one, Secret))
        assert all("/" not in one for one in whole), f"a slash in a segment of {name}"


def a_failed_listing_is_never_complete(example: Example) -> None:
    """A listing that met anything but a 2xx is not complete, and says why."""
    for answer in arbitrary(example):
        listing = _listed(example, answer)
        if listing is not None and not 200 <= answer.status < 300:
            assert not listing.complete, f"complete after {said(answer)}"
            assert listing.why, "a listing that is not complete says why"


def a_documented_listing_is_read_whole(example: Example) -> None:
    """The example's listing is complete, and each campaign is of the account and told once."""
    if not example.listing:
        return
    listing = _listed(example, *example.listing)
    assert listing is not None, "the driver cannot read the example's listing"
    assert listing.complete, f"not complete: {listing.why}"
    assert listing.campaigns, "nothing is listed"
    assert len({one.id for one in listing.campaigns}) == len(listing.campaigns), "one twice"
    assert all(_is_ours(example, one) for one in listing.campaigns), "of another account"


def a_torn_listing_is_never_complete(example: Example) -> None:
    """The example's listing with a page that is cut, empty, odd or repeated is not complete."""
    for number, page in enumerate(example.listing):
        for name, torn in _torn(page):
            pages = (*example.listing[:number], torn, *example.listing[number + 1 :])
            listing = _listed(example, *pages)
            assert listing is None or not listing.complete, f"page {number + 1} {name}: complete"
    if len(example.listing) > 1:
        listing = _listed(example, example.listing[0])
        assert listing is None or not listing.complete, "the first page again and again: complete"


def a_failed_look_is_never_a_sure_absence(example: Example) -> None:
    """A look shows a target, or misses it, only by an answer that the vendor documents for that."""
    if example.driver.look is None:
        return
    for answer in arbitrary(example):
        seen = quietly(example.driver.look(example.session, example.items[0]), answer)
        if not 200 <= answer.status < 300:
            assert not isinstance(seen, Present), f"present after {said(answer)}"
            assert not (isinstance(seen, Missing) and seen.sure), f"sure after {said(answer)}"
        if isinstance(seen, Missing):
            assert answer.status in (200, *example.absences), f"missing after {said(answer)}"


def a_look_shows_the_target_it_was_asked_for(example: Example) -> None:
    """The example's look shows its first item, in its account; asked for another, it shows none."""
    driver, answer = example.driver, example.shown
    if driver.look is None or answer is None:
        return
    wanted = example.items[0]
    seen = quietly(driver.look(example.session, wanted), answer)
    assert isinstance(seen, Present), f"{said(answer)} became {seen!r}"
    assert seen.campaign.id == wanted.target.id, "it shows another campaign"
    assert _is_ours(example, seen.campaign), "it shows a campaign of another account"
    other = structs.replace(wanted, target=structs.replace(wanted.target, id="another-1"))
    if wanted.target.part is None:
        found = quietly(driver.look(example.session, other), answer)
        assert not isinstance(found, Present), f"{said(answer)} shows another-1"
        assert not (isinstance(found, Missing) and found.sure), "sure that another-1 is gone"


def _is_ours(example: Example, campaign: Campaign) -> bool:
    return campaign.account == example.session.account


def _listed(example: Example, *answers: Answer) -> Listing | None:
    """What the driver lists when it gets *answers*, the last one ever after."""
    if example.driver.list is None:
        return None
    found = quietly(example.driver.list(example.session), *answers)
    return found if isinstance(found, Listing) else None


def _torn(page: Answer) -> Iterator[tuple[str, Answer]]:
    yield "never came", Answer(0, {}, b"")
    yield "failed", Answer(500, page.headers, page.body)
    yield "cut", Answer(page.status, page.headers, page.body[: len(page.body) // 2])
    yield "empty", Answer(page.status, page.headers, b"")
    yield "a page of HTML", Answer(page.status, page.headers, b"<html><body>Log in</body></html>")
    yield "an empty object", Answer(page.status, page.headers, b"{}")
    if not page.body.lstrip().startswith(b"["):  # else it is an account without campaigns
        yield "an empty list", Answer(page.status, page.headers, b"[]")

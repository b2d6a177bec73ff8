"""The request that deletes, and which targets share one."""

import json
import re
from urllib.parse import quote

from msgspec import structs

from reconciler.driver import Item, Secret, revealed, shown
from reconciler.errors import ReconcilerError
from reconciler.model import Campaign
from reconciler.testing.common import HOSTILE, batches, plain
from reconciler.testing.example import SECRET, Example


def equal_input_gives_an_equal_request(example: Example) -> None:
    """The same targets give the same request, however often it is built."""
    for batch in batches(example):
        first, second = (plain(example.driver.delete(example.session, batch)) for _ in range(2))
        assert first == second, f"two requests for {batch[0].target}: {first} and {second}"


def a_request_can_be_shown_before_any_secret_was_read(example: Example) -> None:
    """A dry run builds the request while no credential has been read."""
    for batch in batches(example):
        try:
            request = example.driver.delete(example.dry, batch)
        except ReconcilerError as error:
            raise AssertionError(f"a secret was looked at: {error}") from error
        assert request.shown_url, "the request has no URL"
        repr(request)


def no_secret_shows_in_a_request(example: Example) -> None:
    """Secrets stay wrapped: neither the request, its URL and body as shown, nor the scope tell."""
    names = [*example.checked.credentials(), "token"]
    for batch in batches(example):
        request = example.driver.delete(example.session, batch)
        scope = shown(example.driver.scope(example.session.settings))
        told = f"{request!r} {request.shown_url} {json.dumps(request.shown_body)} {scope}"
        for name in names:
            assert SECRET.format(name) not in told, f"the secret {name} shows"


def a_request_is_fit_for_the_wire(example: Example) -> None:
    """It goes to the session's base; segments, headers and body are what HTTP and JSON allow."""
    for batch in batches(example):
        request = example.driver.delete(example.session, batch)
        assert request.base == example.session.base, "the base is the session's"
        for segment in request.path:
            text = segment.reveal() if isinstance(segment, Secret) else segment
            assert text not in ("", ".", ".."), f"segment {segment!r}"
            assert quote(text, safe="~") == text, f"segment {segment!r} needs encoding"
        for name, value in request.headers:
            assert re.fullmatch(r"[A-Za-z0-9-]+", name), f"header {name!r}"
            assert re.fullmatch(r"[ -~]*", revealed(value)), f"the value of header {name}"
        names = [name.lower() for name, _ in request.headers]
        assert len(set(names)) == len(names), "a header twice"
        json.dumps(request.body, allow_nan=False)
        assert request.body is None or request.form is None, "a JSON body and a form"
        for key, field in request.form or ():
            assert isinstance(field, str), f"a secret in the form's {key}"


def a_request_names_its_target(example: Example) -> None:
    """Requests for different targets differ, so that none can delete another."""
    seen: dict[str, tuple[Item, ...]] = {}
    for item in example.items:
        (batch,) = batches(example, (item,))
        request = repr(plain(example.driver.delete(example.session, batch)))
        assert request not in seen, f"{item.target} and {seen[request]} give the same request"
        seen[request] = batch


def a_shared_request_names_each_of_its_targets(example: Example) -> None:
    """Of targets that share a request, each is in it: without one of them it is another request."""
    whole = _requests(example, example.items)
    for left_out in example.items if len(whole) < len(example.items) else ():
        others = tuple(one for one in example.items if one is not left_out)
        assert _requests(example, others) != whole, f"{left_out.target} is in no request"


def _requests(example: Example, items: tuple[Item, ...]) -> list[str]:
    made = (example.driver.delete(example.session, one) for one in batches(example, items))
    return [repr(plain(request)) for request in made]


def hostile_ids_stay_out_of_the_path(example: Example) -> None:
    """An id that would change the path (`..`, `a/b`, a line end) is refused, or not in the path."""
    driver, session, item = example.driver, example.session, example.items[0]
    for text in HOSTILE:
        part = item.target.part and text
        name = text if driver.by_name else item.name
        campaign = Campaign(account=item.target.account, id=text, name=name)
        if driver.unsafe(session.settings, campaign, part) is not None:
            continue
        target = structs.replace(item.target, id=text, part=part)
        bad = structs.replace(item, target=target, name=name)
        request = driver.delete(session, (bad,))
        for segment in request.path:
            assert isinstance(segment, Secret) or text not in ("", segment), f"{text!r} in the path"


def every_target_is_in_exactly_one_request(example: Example) -> None:
    """`batches` loses none and doubles none, keeps to `maxBatch`, and is the same every time."""
    for most in (None, 1, 2, 3, 7):
        found = example.driver.batches(example.checked, example.items, most)
        sent = [item.target for batch in found for item in batch]
        assert all(found), "a request without a target"
        assert sorted(sent) == sorted(item.target for item in example.items), "not a partition"
        assert most is None or max(map(len, found)) <= most, f"more than {most} in a request"
        again = example.driver.batches(example.checked, example.items, most)
        assert found == again, "the same targets are shared otherwise the second time"
    assert example.driver.batches(example.checked, (), None) == [], "a request of nothing"


def halves_of_a_request_are_requests(example: Example) -> None:
    """`split` gives two halves that lose nothing, and each is a request of its own."""
    for batch in batches(example):
        if len(batch) < 2:
            continue
        first, second = example.driver.split(batch)
        assert first, "an empty half"
        assert second, "an empty half"
        both = sorted(item.target for item in (*first, *second))
        assert both == sorted(item.target for item in batch), "the halves are not the whole"
        for half in (first, second):
            assert len(batches(example, half)) == 1, "a half is not one request"

"""Listing real loopback servers that twist their pages: everything, or not complete and why."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.support.listing_vendors import SECRET, Asked, Listed, Said, Script, listed

HTML = Said(
    b"<!DOCTYPE html><html><body>Sign in</body></html>", headers={"Content-Type": "text/html"}
)
REFUSED = Said({"error_code": 10, "error_message": f"bad key {SECRET}"}, status=401)


def nth(number: int, said: Said, otherwise: Script) -> Script:
    """*said* to request *number*, else *otherwise*, which never hears of that request."""
    heard = iter(range(1, 10_000))
    return lambda asked: (
        said if asked.number == number else otherwise(_numbered(asked, next(heard)))
    )


def _numbered(asked: Asked, number: int) -> Asked:
    return Asked(number, asked.method, asked.path, asked.query, asked.body)


def check(found: Listed, ids: Sequence[str], why: str | None) -> None:
    """All of *ids* in a complete listing, or *ids* so far and the reason *why*."""
    assert sorted(found.ids) == sorted(ids)
    assert found.heard.listing.complete is (why is None)
    if why is None:
        assert found.heard.listing.why is None
    else:
        assert why in (found.heard.listing.why or "")
    assert SECRET not in (found.heard.listing.why or "")


# ---------------------------------------------------------------- Kore.ai

SMS = [f"cd-{n:08x}-1111-4111-8111-111111111111" for n in range(120)]
VOICE = [f"cd-{n:07x}-2222-4222-8222-222222222222" for n in range(3)]


class Kore:
    """`getAllCampaignDetails`. *keys*: where each kind's id is; *data* changes what a page says."""

    def __init__(
        self,
        sms: Sequence[str] = SMS,
        *,
        keys: Sequence[str] = ("id", "_id"),
        most: int = 1000,
        data: Callable[[dict[str, Any], int], None] = lambda _data, _page: None,
        between: Callable[[list[str], int], list[str]] = lambda ids, _page: ids,
    ) -> None:
        self.kinds = {"sms": list(sms), "voice": list(VOICE)}
        self.keys = dict(zip(("sms", "voice"), keys, strict=True))
        self.most, self.data, self.between = most, data, between
        self.pages = {"sms": 0, "voice": 0}

    def __call__(self, asked: Asked) -> Said:
        assert asked.method == "POST"
        assert asked.path.endswith("/campaign/getAllCampaignDetails")
        kind, skip = asked.body["type"], asked.body["skip"]
        limit = min(asked.body["limit"], self.most)
        self.pages[kind] += 1
        ids = self.kinds[kind]
        if kind == "sms":
            ids = self.between(ids, self.pages[kind])
        shown = ids[skip : skip + limit]
        keys = self.keys[kind].split("+")
        data: dict[str, Any] = {
            "results": [
                {"name": one, "status": "Ready", **dict.fromkeys(keys, one)} for one in shown
            ],
            "skip": skip,
            "limit": limit,
            "hasMore": skip + limit < len(ids),
            "totalPages": -(-len(ids) // limit),
            "totalResults": len(ids),
        }
        if kind == "sms":
            self.data(data, self.pages[kind])
        return Said({"status": "success", "data": data})


def without(*keys: str) -> Callable[[dict[str, Any], int], None]:
    def change(data: dict[str, Any], _page: int) -> None:
        for key in keys:
            del data[key]

    return change


def saying(**facts: Any) -> Callable[[dict[str, Any], int], None]:
    return lambda data, _page: data.update(facts)


@pytest.mark.parametrize("keys", [("id", "_id"), ("_id", "id"), ("id+_id", "id+_id")])
def test_kore_gives_its_ids_under_either_key(keys):
    found = listed("kore", Kore(keys=keys))
    check(found, [*SMS, *VOICE], None)
    assert [one.channel for one in found.heard.listing.campaigns].count("voice") == len(VOICE)


def test_kore_with_two_ids_that_differ_is_not_complete():
    def other(data, page):
        if page == 1:
            data["results"][4]["_id"] = "65f0c0ffee"

    seen = [one for one in SMS if one != SMS[4]]
    check(listed("kore", Kore(data=other)), [*seen, *VOICE], "sms: a record has no text as id")


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 99, 100, 120])
def test_kore_says_more_with_an_empty_page_behind_it(count):
    """The count says that nothing is missing, whatever `hasMore` says."""
    found = listed("kore", Kore(SMS[:count], data=saying(hasMore=True)))
    check(found, [*SMS[:count], *VOICE], None)


@pytest.mark.parametrize("count", [1, 50, 120])
def test_kore_says_more_without_a_count_and_lists_nothing_more(count):
    def more(data, _page):
        del data["totalResults"]
        data["hasMore"] = True

    found = listed("kore", Kore(SMS[:count], data=more))
    assert not found.heard.listing.complete
    assert set(found.ids) == {*SMS[:count], *VOICE}


@pytest.mark.parametrize("count", [0, 1, 50, 99, 120])
@pytest.mark.parametrize("gone", [("hasMore",), ("hasMore", "totalPages")])
def test_kore_without_has_more_is_read_to_its_count(count, gone):
    check(listed("kore", Kore(SMS[:count], data=without(*gone))), [*SMS[:count], *VOICE], None)


@pytest.mark.parametrize("count", [0, 1, 49, 51, 120])
def test_kore_with_neither_is_read_to_a_short_page(count):
    found = listed("kore", Kore(SMS[:count], data=without("hasMore", "totalResults")))
    check(found, [*SMS[:count], *VOICE], None)


def test_kore_with_shorter_pages_than_asked_for_is_read_to_the_end():
    check(listed("kore", Kore(most=20)), [*SMS, *VOICE], None)
    bare = Kore(SMS[:59], most=20, data=without("hasMore", "totalResults"))
    check(listed("kore", bare), [*SMS[:59], *VOICE], None)


@pytest.mark.parametrize(
    ("total", "more"), [(121, None), (119, None), (50, None), (50, True), (0, None), (10_000, None)]
)
def test_kore_with_a_wrong_count_is_not_complete(total, more):
    change = saying(totalResults=total, **({} if more is None else {"hasMore": more}))
    found = listed("kore", Kore(data=change))
    check(found, [*SMS, *VOICE], "sms: the vendor")


@pytest.mark.parametrize(
    ("between", "why"),
    [
        (lambda ids: ids[1:], "moved"),
        (lambda ids: ids[:30] + ids[31:], "moved"),
        (lambda ids: ["new", *ids], "moved"),
        (lambda ids: [ids[80], *ids[:80], *ids[81:]], "moved"),
        (lambda ids: [*ids[:10], ids[70], *ids[11:70], ids[10], *ids[71:]], "twice"),
        (lambda ids: [*ids[:70], *ids[71:]], "total changed"),
        (lambda ids: ids[:49] + ids[50:], "moved"),
    ],
)
def test_kore_moves_items_between_pages(between, why):
    found = listed("kore", Kore(between=lambda ids, page: between(ids) if page == 2 else ids))
    assert not found.heard.listing.complete
    assert f"sms: {'the ' if why.startswith('total') else ''}" in found.heard.listing.why
    assert why in found.heard.listing.why
    assert set(SMS[:50]) <= set(found.ids)


def test_kore_slows_us_down_in_its_own_words():
    rate = (
        "You\u2019ve exceeded the per-minute rate limit. Please wait for sometime before retrying."
    )
    for status in (429, 403, 200):
        said = Said({"status": "failure", "message": rate}, status=status)
        found = listed("kore", nth(2, said, Kore()))
        check(found, [*SMS, *VOICE], None)
        assert max(found.waits) >= 60


# ---------------------------------------------------------------- Batch CEP

ORCHESTRATIONS = [f"orchestration_{n:032d}" for n in range(250)]


class Cep:
    """`orchestrations/list`. *page* changes a page; *ids* are what it holds."""

    def __init__(
        self,
        ids: Sequence[str] = ORCHESTRATIONS,
        *,
        page: Callable[[dict[str, Any], int], None] = lambda _page, _number: None,
    ) -> None:
        self.ids, self.page = list(ids), page

    def __call__(self, asked: Asked) -> Said:
        assert (asked.method, asked.path) == ("GET", "/2.8/orchestrations/list")
        start, limit = int(asked.query.get("from", "c0")[1:]), int(asked.query["limit"])
        shown = self.ids[start : start + limit]
        said: dict[str, Any] = {
            "orchestrations": [
                {"id": one, "name": one, "type": "campaign", "status": "stopped"} for one in shown
            ],
            "count": len(self.ids),
            "has_more": start + limit < len(self.ids),
        }
        if said["has_more"]:
            said["next_from"] = f"c{start + limit}"
        self.page(said, asked.number)
        return Said(said)


def on(number: int, **facts: Any) -> Callable[[dict[str, Any], int], None]:
    """Page *number* says *facts*; None takes a key away."""

    def change(page: dict[str, Any], which: int) -> None:
        if which == number:
            page |= facts
            for key in [key for key, value in page.items() if value is None]:
                del page[key]

    return change


@pytest.mark.parametrize("count", [0, 1, 100, 101, 200, 250])
def test_batch_cep_is_read_to_the_end(count):
    check(listed("batch-cep", Cep(ORCHESTRATIONS[:count])), ORCHESTRATIONS[:count], None)


def test_batch_cep_counts_the_page_instead_of_everything():
    page = lambda said, _n: said.update(count=len(said["orchestrations"]))  # noqa: E731
    check(listed("batch-cep", Cep(page=page)), ORCHESTRATIONS, None)


@pytest.mark.parametrize(
    ("page", "seen", "why"),
    [
        (on(2, next_from="c100"), 200, "same page twice"),
        (on(2, next_from="c0"), 200, "listed twice"),
        (on(2, next_from=None), 200, "does not say where the next one is"),
        (on(2, next_from=7), 200, "does not say where the next one is"),
        (on(2, has_more=None), 200, "does not say where the next one is"),
        (on(2, has_more="true"), 200, "does not say where the next one is"),
        (on(1, has_more=False), 100, "counts 250 campaigns and listed 100"),
        (on(3, count=251), 250, "total changed"),
        (lambda said, _n: said.update(count=251), 250, "counts 251 campaigns and listed 250"),
        (lambda said, _n: said.update(count=249), 250, "counts 249 campaigns and listed 250"),
        (on(2, orchestrations=[]), 100, "lists nothing more"),
        (on(2, orchestrations={}), 100, "not as documented"),
        (on(2, orchestrations=[{"name": "no id"}]), 100, "counts 250 campaigns and listed 151"),
    ],
)
def test_batch_cep_contradicts_itself(page, seen, why):
    more = ORCHESTRATIONS[200:] if "151" in why else []
    check(listed("batch-cep", Cep(page=page)), [*ORCHESTRATIONS[:seen], *more], why)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said({"error_code": 31, "error_message": "bad cursor"}, status=400), "HTTP 400"),
        (Said({"error_code": 20}, status=404), "HTTP 404"),
        (Said({"error_code": 12}, status=403), "HTTP 403"),
        (HTML, "not as documented"),
        (Said(b""), "without a body"),
        (Said(b'{"orchestrations": [{"id": "x"'), "not as documented"),
        (Said(status=204), "without a body"),
        (Said(status=302, headers={"Location": "/"}), "redirect"),
        (REFUSED, "does not accept the credentials"),
    ],
)
@pytest.mark.parametrize("page", [2, 3])
def test_batch_cep_loses_the_cursor_midway(said, why, page):
    found = listed("batch-cep", nth(page, said, Cep()))
    check(found, ORCHESTRATIONS[: 100 * (page - 1)], why)
    assert not found.heard.listing.unavailable


@pytest.mark.parametrize("said", [Said(status=500), Said(status=0), Said(status=502)])
def test_one_failure_is_asked_again(said):
    check(listed("batch-cep", nth(2, said, Cep())), ORCHESTRATIONS, None)


@pytest.mark.parametrize(("status", "why"), [(500, "HTTP 500"), (0, "no answer came")])
def test_a_failure_that_stays_is_told(status, why):
    cep = Cep()
    found = listed("batch-cep", lambda one: cep(one) if one.number < 3 else Said(status=status))
    check(found, ORCHESTRATIONS[:200], why)


@pytest.mark.parametrize("throttles", [1, 3, 8])
@pytest.mark.parametrize("header", [None, "7", "Fri, 20 Nov 2026 08:00:30 GMT", "soon"])
def test_429s_are_waited_out_however_many_there_are(throttles, header):
    cep, heard = Cep(), iter(range(1, 100))
    headers = {} if header is None else {"Retry-After": header}

    def script(one: Asked) -> Said:
        if 2 <= one.number < 2 + throttles:
            return Said({"error_code": 60}, status=429, headers=headers)
        return cep(_numbered(one, next(heard)))

    found = listed("batch-cep", script)
    check(found, ORCHESTRATIONS, None)
    least = {"7": 7}.get(header or "", 5 if header != "Fri, 20 Nov 2026 08:00:30 GMT" else 0)
    assert len([one for one in found.waits if one >= least]) >= throttles


def test_a_wait_over_max_wait_ends_the_listing_with_what_came():
    long = Said(status=429, headers={"Retry-After": "86400"})
    check(listed("batch-cep", nth(3, long, Cep())), ORCHESTRATIONS[:200], "over --max-wait")


def test_429s_without_an_end_are_given_up():
    found = listed("batch-cep", lambda _: Said(status=429), max_wait=1e6)
    check(found, [], "throttled 12 times in a row")


def test_maintenance_is_waited_out():
    found = listed("batch-cep", nth(2, Said(HTML.body, status=503), Cep()))
    check(found, ORCHESTRATIONS, None)
    assert max(found.waits) >= 60


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_from_the_start_shows_nothing(status):
    found = listed("batch-cep", lambda _: Said({"error_message": SECRET}, status=status))
    check(found, [], "401" if status == 401 else str(status))
    assert found.heard.pages == (0 if status == 401 else 1)


# ---------------------------------------------------------------- Batch MEP

TOKENS = [f"{n:032x}" for n in range(250)]


class Mep:
    """`campaigns/list`. *wrap* makes the body of a page, *between* what there is by then."""

    def __init__(
        self,
        ids: Sequence[str] = TOKENS,
        *,
        wrap: Callable[[list[Any]], Any] = lambda items: items,
        between: Callable[[list[str], int], list[str]] = lambda ids, _page: ids,
    ) -> None:
        self.ids, self.wrap, self.between = list(ids), wrap, between

    def __call__(self, asked: Asked) -> Said:
        assert (asked.method, asked.path) == ("GET", f"/1.1/{SECRET}/campaigns/list")
        start, limit = int(asked.query["from"]), int(asked.query["limit"])
        shown = self.between(self.ids, asked.number)[start : start + limit]
        records = [{"campaign_token": one, "name": one, "live": False} for one in shown]
        return Said(self.wrap(records))


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 199, 200, 250])
@pytest.mark.parametrize("wrap", [list, lambda items: {"campaigns": items, "n": 1}])
def test_batch_mep_is_an_array_or_has_one_and_may_end_on_a_full_page(count, wrap):
    check(listed("batch-mep", Mep(TOKENS[:count], wrap=wrap)), TOKENS[:count], None)


@pytest.mark.parametrize(
    "between",
    [
        lambda ids: ids[1:],
        lambda ids: ids[:50] + ids[51:],
        lambda ids: ["new", *ids],
        lambda ids: ids[:99],
        lambda _ids: [],
    ],
)
def test_batch_mep_shifts_the_offset(between):
    found = listed("batch-mep", Mep(between=lambda ids, page: between(ids) if page == 2 else ids))
    check(found, TOKENS[:100], "moved")


@pytest.mark.parametrize(
    "wrap", [lambda items: {"a": items, "b": items}, lambda _: {}, lambda _: None, lambda _: "x"]
)
def test_batch_mep_of_another_shape_is_not_complete(wrap):
    check(listed("batch-mep", Mep(wrap=wrap)), [], "not as documented")


def test_batch_mep_with_a_dev_key_may_not_list():
    found = listed("batch-mep", lambda _: Said({"error_code": 12}, status=403))
    check(found, [], "HTTP 403")
    assert found.heard.listing.unavailable


# ---------------------------------------------------------------- Cellcast


def report(ids: Sequence[str], **facts: Any) -> Said:
    items = [{"_id": one, "status": "queued"} for one in ids]
    return Said({"status": True, "data": {"items": items, **facts}})


def cellcast(asked: Asked) -> Said:
    assert (asked.method, asked.path) == ("GET", "/api/v2/report/message")
    if asked.query["campType"] == "mms":
        return report(["m1"], hasNextPage=False)
    return report([f"s{asked.query['page']}"], hasNextPage=asked.query["page"] != "3")


def test_cellcast_never_shows_everything_and_says_so():
    found = listed("cellcast", cellcast)
    check(found, ["s1", "s2", "s3", "m1"], "shows sent messages")
    assert found.heard.listing.partial


@pytest.mark.parametrize(
    ("said", "why"),
    [(HTML, "not as documented"), (Said({"status": False}), "not as documented"),
     (Said(status=404), "404"), (REFUSED, "credentials")],
)  # fmt: skip
def test_cellcast_without_a_page_is_not_even_all_that_it_shows(said, why):
    found = listed("cellcast", nth(2, said, cellcast))
    assert not found.heard.listing.partial
    assert not found.heard.listing.complete
    assert why in found.heard.listing.why
    assert "s1" in found.ids


def test_the_time_of_a_listing_is_from_before_its_first_page():
    found = listed("batch-cep", nth(1, Said(status=429), Cep()))
    assert found.heard.asked_at.isoformat() == "2026-11-20T08:00:00+00:00"
    assert sum(found.waits) >= 5
    assert found.heard.pages == 3

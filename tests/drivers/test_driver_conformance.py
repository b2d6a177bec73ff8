"""The built-in drivers pass the suite that is offered to everybody; the suite finds bad drivers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.driver import Answer, Deleted, Doubt
from reconciler.testing import conformance, twisted
from tests.support import cookbook, driver_examples, second_ring
from tests.support.driver_examples import CEP, KORE, OZONETEL

EXAMPLES = (
    *driver_examples.EXAMPLES,
    *second_ring.EXAMPLES,
    *cookbook.EXAMPLES.values(),
)


@pytest.mark.parametrize("check", [c for e in EXAMPLES for c in conformance(e)], ids=str)
def test_built_in_driver(check):
    check()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.driver.name)
def test_two_hundred_twisted_answers_have_their_own_names(example):
    answers = list(twisted(example.successes[0]))
    assert len(answers) >= 200
    assert len({name for name, _ in answers}) >= 200


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.driver.name)
@given(status=st.integers(0, 999), body=st.binary(max_size=60))
def test_any_answer_is_judged_and_only_the_documented_one_deletes(example, status, body):
    answer = Answer(status, {}, body)
    verdict = example.driver.judge(example.session, example.batch, answer)
    assert not isinstance(verdict, Deleted) or example.documented(answer)


def failing(example):
    broken = set()
    for check in conformance(example):
        try:
            check()
        except AssertionError:
            broken.add(check.name)
    return broken


def with_driver(example, **changes):
    return replace(example, driver=structs.replace(example.driver, **changes))


def test_a_driver_that_trusts_the_status_alone_is_found():
    careless = with_driver(
        KORE, judge=lambda _s, _i, a: Deleted() if 200 <= a.status < 300 else Doubt("no")
    )
    assert "nothing else is a deletion" in failing(careless)
    assert "an answer about another target is no deletion" in failing(careless)


def test_a_driver_that_loses_a_target_is_found():
    lossy = with_driver(OZONETEL, batches=lambda _s, items, _most: [tuple(items[1:])])
    assert "every target is in exactly one request" in failing(lossy)


def test_a_driver_that_sends_any_id_in_the_path_is_found():
    assert "hostile ids stay out of the path" in failing(
        with_driver(KORE, unsafe=lambda _s, _c, _p: None)
    )


def test_a_driver_that_shows_its_key_is_found():
    def leaky(session, items):
        key = session.settings.rest_api_key.secret().reveal()
        return structs.replace(CEP.driver.delete(session, items), query=(("key", key),))

    assert "no secret shows in a request" in failing(with_driver(CEP, delete=leaky))

"""What nobody knows of a record: by the header's fields, by the record itself, by the labels."""

import pytest

from reconciler.declare.known import unknown
from reconciler.model import AccountFacts, Campaign, Status


def one(**fields: object) -> Campaign:
    return Campaign(**{"account": "a", "id": "1", "name": "n", **fields})


def facts(*fields: str) -> AccountFacts:
    return AccountFacts(fields=fields)


NOTHING = AccountFacts()


@pytest.mark.parametrize("known", [None, NOTHING, facts("labels", "createdAt", "labels.x")])
def test_a_field_that_is_there_is_known(known: AccountFacts | None) -> None:
    record = one(channel="sms", status=Status.DRAFT, labels={"team": "x"})
    for field in ("name", "channel", "status", "labels.team"):
        assert not unknown(record, known, field)


@pytest.mark.parametrize("field", ["createdAt", "updatedAt", "channel", "status", "labels.team"])
def test_a_missing_field_is_unknown_unless_the_source_knows_it(field: str) -> None:
    assert unknown(one(), None, field)
    assert unknown(one(), NOTHING, field)
    assert unknown(one(), facts(), field)
    assert not unknown(one(), facts(field.partition(".")[0]), field)
    assert not unknown(one(), facts(field), field)


def test_a_status_unknown_is_unknown_whatever_the_source_knows() -> None:
    assert unknown(one(status=Status.UNKNOWN), facts("status"), "status")


def test_a_record_may_say_itself_what_nobody_knows_of_it() -> None:
    record = one(unknown=("createdAt", "name", "labels.tier"), labels={"team": "x"})
    every = facts("createdAt", "name", "labels")
    for field in ("createdAt", "name", "labels.tier"):
        assert unknown(record, every, field)
    for field in ("updatedAt", "labels.team"):
        assert not unknown(record, facts("updatedAt", "labels"), field)


def test_no_labels_are_said_by_an_empty_object() -> None:
    assert not unknown(one(labels={}), None, "labels.tier")
    assert not unknown(one(labels={}), facts("createdAt"), "labels.tier")


def test_labels_of_a_record_are_all_of_them_where_nobody_says_otherwise() -> None:
    record = one(labels={"team": "x"})
    assert not unknown(record, NOTHING, "labels.tier")
    assert not unknown(record, facts("labels"), "labels.tier")
    assert unknown(record, facts("labels.team"), "labels.tier")
    assert unknown(record, facts("createdAt"), "labels.tier")
    assert not unknown(record, facts("labels.team", "labels.tier"), "labels.tier")
    assert unknown(one(labels={"team": "x"}, unknown=("labels",)), facts("labels"), "labels.tier")
    assert not unknown(
        one(labels={"team": "x"}, unknown=("labels",)), facts("labels"), "labels.team"
    )


def test_a_label_of_which_the_source_knows_is_missing_where_it_is_not() -> None:
    assert not unknown(one(), facts("labels.team"), "labels.team")
    assert unknown(one(), facts("labels.team"), "labels.tier")
    assert unknown(one(), facts("labels.team"), "labels")


def test_labels_are_compared_as_names_are() -> None:
    assert not unknown(one(labels={"cafe\u0301": "x"}), None, "labels.caf\u00e9")
    assert not unknown(one(), facts("labels.cafe\u0301"), "labels.caf\u00e9")

"""Whose campaigns an account names, and what it shares a rate with."""

from types import SimpleNamespace
from typing import Any

import pytest

from reconciler import drivers
from reconciler.driver import Secret
from reconciler.plan import scopes
from reconciler.testing import settings as settings_of

SALT, OTHER = b"s" * 32, b"t" * 32
SETTINGS: dict[str, dict[str, Any]] = {
    "batch-cep": {"project": "p1", "restApiKey": {"env": "K"}},
    "batch-mep": {"apiKey": {"env": "A"}, "restApiKey": {"env": "K"}},
    "kore": {
        "host": "bots.kore.ai",
        "streamId": "st-1",
        "accountId": "acc",
        "clientId": "c",
        "clientSecret": {"env": "K"},
    },
    "ozonetel": {"userName": "acme", "apiKey": {"env": "K"}},
    "cellcast": {"apiKey": {"env": "K"}},
}


def account(driver: str, base: str | None = None, **more: Any) -> Any:
    made = settings_of(drivers.find(driver), {**SETTINGS[driver], **more.pop("settings", {})})
    return SimpleNamespace(settings=made, base_url=base, **{"scope": None, **more})


def sealed(driver: str, salt: bytes = SALT, key: str = "k3y", **more: Any) -> str:
    found, one = drivers.find(driver), account(driver, **more)
    read = one.settings.resolved(dict.fromkeys(one.settings.credentials(), key))
    return scopes.sealed(one, found, read, salt)


@pytest.mark.parametrize(
    ("driver", "scope"),
    [
        ("batch-cep", "https://api.batch.com project p1"),
        ("kore", "https://bots.kore.ai account acc stream st-1"),
        ("ozonetel", "https://in1-ccaas-api.ozonetel.com user acme"),
    ],
)
def test_where_no_secret_is_needed_the_scope_is_plain(driver: str, scope: str) -> None:
    assert scopes.plain(account(driver), drivers.find(driver)) == scope
    assert sealed(driver) == sealed(driver, OTHER, "another key") == scope


@pytest.mark.parametrize("driver", ["batch-mep", "cellcast"])
def test_where_only_a_secret_tells_it_is_an_hmac_of_it(driver: str) -> None:
    assert scopes.plain(account(driver), drivers.find(driver)) is None
    scope = sealed(driver)
    assert scope == sealed(driver)
    assert scope not in (sealed(driver, OTHER), sealed(driver, key="another"))
    assert "k3y" not in scope
    assert scopes.needs_scope(account(driver), drivers.find(driver))


@pytest.mark.parametrize("driver", ["batch-mep", "cellcast"])
def test_the_accounts_own_word_stands_for_the_secret(driver: str) -> None:
    known = account(driver, scope="acme-au")
    assert scopes.plain(known, drivers.find(driver)) == sealed(driver, OTHER, "x", scope="acme-au")
    assert not scopes.needs_scope(known, drivers.find(driver))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://API.batch.com", "https://api.batch.com:443/"),
        ("http://127.0.0.1:8080/batch", "http://127.0.0.1:8080/batch/"),
        ("https://vendor.example.", "https://vendor.example"),
        ("http://[::1]:80/x", "http://[::1]/x"),
    ],
)
def test_one_place_written_in_two_ways_is_one(one: str, other: str) -> None:
    assert sealed("batch-cep", base=one) == sealed("batch-cep", base=other)


@pytest.mark.parametrize(
    "other",
    ["https://api.batch.eu", "http://api.batch.com", "https://api.batch.com:8443",
     "https://api.batch.com/v2"],
)  # fmt: skip
def test_another_origin_or_path_is_another_scope(other: str) -> None:
    assert sealed("batch-cep", base=other) != sealed("batch-cep")


def test_two_streams_of_one_account_share_a_limit_and_no_scope() -> None:
    driver = drivers.find("kore")
    first, second = (account("kore", settings={"streamId": one}) for one in ("st-1", "st-2"))
    known = [scopes.plain(one, driver) or "" for one in (first, second)]
    assert known[0] != known[1]
    lanes = {scopes.limit(one, driver, s) for one, s in zip((first, second), known, strict=True)}
    assert len(lanes) == 1


def test_a_plan_sees_that_two_accounts_have_one_key() -> None:
    driver = drivers.find("cellcast")
    same = [scopes.likeness(account("cellcast"), driver) for _ in range(2)]
    other = account("cellcast", settings={"apiKey": {"env": "ANOTHER"}})
    assert same[0] == same[1] != scopes.likeness(other, driver)
    assert scopes.twins({"b": "s", "a": "s", "c": "t"}) == {"a": ("a", "b"), "b": ("a", "b")}


def test_the_secret_itself_is_never_in_a_scope() -> None:
    said = drivers.find("cellcast").scope(
        account("cellcast").settings.resolved({"api_key": "s3cret"})
    )
    assert isinstance(said, tuple)
    assert any(isinstance(one, Secret) for one in said)
    assert "s3cret" not in repr(said)

"""What a driver's author writes as settings: read from a file, told of, resolved."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from reconciler.declare.checked import validate
from reconciler.declare.strict import parse
from reconciler.driver import Credential, Settings, settings_of
from reconciler.driver.secrets import looks_like_a_key


class Retry(Settings):
    after: timedelta = timedelta(seconds=30)
    key: Credential | None = None


class Own(Settings):
    api_key: Credential = Field(description="key of the account")
    retry: Retry = Retry()
    keys: Mapping[str, Credential] = {}
    several: tuple[Retry, ...] = ()
    mode: Annotated[Literal["live", "test"], Field(description="which")] = "live"
    purge: bool = False
    since: date | None = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Any:
        if "purge" in raw and raw.get("mode") == "test":
            yield ("purge",), "`purge` is for live campaigns", "remove `purge`"


def read(text: str) -> tuple[Own | None, list[str]]:
    (document,), _ = parse(text.encode(), "f")
    found, told = validate(Own, document, "f", echo=False)
    return found, [f"{one.line}:{one.column} {one.message}" for one in told]


def test_durations_flags_and_groups_are_read() -> None:
    found, told = read(
        "apiKey: {env: KEY}\nretry: {after: 2m}\nkeys: {one: {file: f}}\npurge: true\n"
        "since: 2026-01-31"
    )
    assert told == []
    assert found == Own(
        api_key=Credential(env="KEY"),
        retry=Retry(after=timedelta(minutes=2)),
        keys={"one": Credential(file="f")},
        purge=True,
        since=date(2026, 1, 31),
    )


def test_a_cross_check_and_single_fields_are_told_together() -> None:
    found, told = read("apiKey: KEY\nmode: test\npurge: yes\nretry: {after: 1.5h, x: 1}")
    assert found is None
    assert [one.partition(" ")[0] for one in told] == ["1:9", "3:8", "3:8", "4:16", "4:22"]


def test_every_credential_is_found_and_resolved_wherever_it_is() -> None:
    found, _ = read(
        "apiKey: {env: A}\nretry: {key: {env: B}}\nkeys: {one: {file: c}}\n"
        "several: [{}, {key: {env: D}}]"
    )
    assert found is not None
    sources = {name: one.source for name, one in found.credentials().items()}
    assert sources == {
        "api_key": "env A",
        "retry.key": "env B",
        "keys.one": "file c",
        "several.1.key": "env D",
    }
    known = found.resolved({name: f"s3cret {source}" for name, source in sources.items()})
    for name, one in known.credentials().items():
        assert one.secret().reveal() == f"s3cret {sources[name]}"
    for shown in (repr(known), str(known), known.model_dump_json()):
        assert "s3cret" not in shown
    assert found.credentials().keys() == known.credentials().keys()


def test_what_there_is_to_set_is_told() -> None:
    assert [tuple(one) for one in settings_of(Own)] == [
        ("apiKey", True, True, None, None, "key of the account"),
        ("retry", False, False, {"after": "30s"}, None, None),
        ("keys", False, True, {}, None, None),
        ("several", False, False, [], None, None),
        ("mode", False, False, "live", ["live", "test"], "which"),
        ("purge", False, False, False, None, None),
        ("since", False, False, None, None, None),
    ]


def test_settings_are_frozen_and_errors_of_python_code_show_no_input() -> None:
    with pytest.raises(ValidationError) as told:
        Own(api_key="s3cret")  # type: ignore[arg-type]
    assert "s3cret" not in str(told.value)
    with pytest.raises(ValidationError):
        Own(api_key=Credential(env="A")).purge = True  # type: ignore[misc]


PASTED = [
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "sk_live_x",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9",
    "a0082dc6860938a26280bd3ba927303b",
    "project_0664hxvwffvbpn278gxdyhsadddqgna6",
    "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
    "JBSWY3DPEHPK3PXP",
    "xkeysib_1a2b",
]
NAMES = [
    "KEY",
    "BATCH_REST_API_KEY",
    "SANDBOX_KEY_2024_Q4",
    "restApiKeyOfTheProductionAccount",
    "acme_messaging_production_rest_api_key",
    "KORECLIENTSECRETOFPRODUCTION",
    "KEY2",
    "AWS_S3_KEY_V4",
    "npm_config_token",
    "_x",
]


@pytest.mark.parametrize("name", PASTED)
def test_a_key_that_was_pasted_as_a_name_is_refused_unprinted(name: str) -> None:
    for kind in ("env", "file"):
        found, (told,) = read(f"apiKey: {{{kind}: {name}}}")
        assert found is None
        assert "looks like the secret itself" in told
        assert name not in told


@pytest.mark.parametrize("name", NAMES)
def test_names_of_variables_are_names(name: str) -> None:
    assert not looks_like_a_key(name)


@pytest.mark.parametrize("path", ["/run/secrets/sk_live_key", "a0082dc6860938a26280bd3b.key"])
def test_a_path_is_a_path(path: str) -> None:
    assert not looks_like_a_key(path)

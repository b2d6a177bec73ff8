"""`reconciler drivers`: what each can do, in both views."""

import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from msgspec.structs import replace
from pydantic import Field

from reconciler import drivers
from reconciler.cli.main import main
from reconciler.driver import Credential, Settings
from reconciler.drivers import BUILT_IN, names


def shown(capsys, *args):
    assert main(["drivers", *args]) == 0
    return capsys.readouterr().out


def test_every_driver_has_its_line(capsys):
    lines = shown(capsys).splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(names())]] == list(names())


def test_json_says_what_each_can_do(capsys):
    told = {one["name"]: one for one in json.loads(shown(capsys, "--format", "json"))["drivers"]}
    can = {name: (one["list"], one["look"], one["batch"]) for name, one in told.items()}
    assert can.pop("ozonetel") == (False, None, True)
    assert can.pop("http") == (None, "settings", None)
    assert can.pop("sendgrid") == (True, "target", True)
    assert set(can.values()) == {(True, "target", False)}
    assert all(one["delete"] for one in told.values())
    assert told["ozonetel"]["limits"] == {"requests": 2, "per": "60s", "concurrency": 1}
    credentials = {
        name: [s["name"] for s in one["settings"] if s["credential"]] for name, one in told.items()
    }
    assert credentials["batch-cep"] == ["restApiKey"]
    assert credentials["batch-mep"] == ["apiKey", "restApiKey"]
    assert credentials["kore"] == ["clientSecret"]
    assert all(credentials[name] for name in BUILT_IN)


@pytest.mark.parametrize("name", names())
def test_one_driver_is_told_with_settings_and_notes(capsys, name):
    page = shown(capsys, name)
    (told,) = json.loads(shown(capsys, name, "--format", "json"))["drivers"]
    for setting in told["settings"]:
        assert f"  {setting['name']} " in page
    for note in told["notes"]:
        assert note in page


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Own(Settings):
    size: Annotated[Size, Field(description="inner")] = Size.SMALL
    modes: Annotated[
        frozenset[Annotated[Literal["a", "b"], Field(description="one of them")]],
        Field(description="what it may do"),
    ] = frozenset({"a"})
    since: date = date(2026, 1, 31)
    key: Credential
    names: list[str] = Field(default_factory=list)


def test_settings_of_any_kind_are_told(capsys, monkeypatch):
    driver = replace(drivers.find("kore"), name="own", settings=Own)
    monkeypatch.setattr(drivers, "find", lambda _: driver)
    (told,) = json.loads(shown(capsys, "own", "--format", "json"))["drivers"]
    assert [list(one.values()) for one in told["settings"]] == [
        ["size", False, False, "small", ["small", "large"], "inner"],
        ["modes", False, False, ["a"], ["a", "b"], "what it may do"],
        ["since", False, False, "2026-01-31", None, None],
        ["key", True, True, None, None, None],
        ["names", False, False, [], None, None],
    ]


def test_an_unknown_driver_is_a_usage_error_that_names_the_known(capsys):
    assert main(["drivers", "no-such"]) == 64
    assert ", ".join(names()) in capsys.readouterr().err

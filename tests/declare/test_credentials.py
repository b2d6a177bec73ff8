"""A credential is read from where it is named, and nothing that is told of it shows it."""

from pathlib import Path

import pytest

from reconciler.declare.credentials import read_credential, resolve
from reconciler.driver import Credential, Settings
from reconciler.errors import ReconcilerError


def read_env(text: str) -> str:
    return read_credential(Credential(env="KEY"), Path(), {"KEY": text})


@pytest.mark.parametrize(
    ("written", "read"),
    [("key", "key"), ("key\n", "key"), ("key\r\n", "key"), ("50%'\"{x}", "50%'\"{x}")],
)
def test_one_trailing_newline_of_a_credential_goes(written: str, read: str, tmp_path: Path) -> None:
    assert read_env(written) == read
    (tmp_path / "key").write_bytes(written.encode())
    (tmp_path / "link").symlink_to("key")
    assert read_credential(Credential(file="link"), tmp_path, {}) == read


@pytest.mark.parametrize(
    "written",
    ["", "\n", "sekret\n\n", "sek ret\tx", "sekret ", "sekrét", "sekret\x00", "x" * 70_000],
)
def test_a_credential_that_cannot_be_one_is_refused_unseen(written: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(written.encode())
    with pytest.raises(ReconcilerError) as told:
        read_credential(Credential(file="key"), tmp_path, {})
    assert "sek" not in str(told.value)
    assert "key" in str(told.value)
    if "\x00" not in written:
        with pytest.raises(ReconcilerError, match="env KEY"):
            read_env(written)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ReconcilerError, match="variable KEY is not set"):
        read_credential(Credential(env="KEY"), Path(), {})


def test_settings_are_resolved_and_still_show_nothing() -> None:
    class Own(Settings):
        key: Credential
        name: str

    own = resolve(Own(key=Credential(env="KEY"), name="x"), Path(), {"KEY": "sekret"})
    assert own.key.secret().reveal() == "sekret"
    assert "sekret" not in repr(own)

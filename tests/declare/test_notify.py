"""`notify` in the project file: what is refused, and where."""

import pytest

from tests.declare.test_project import load
from tests.declare.test_project import written as project

PASTED = "https://hooks.slack.com/services/T000/B000/XXXXsecretXXXX"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"[{{url: {PASTED}}}]", "must say where the secret is"),
        ("[{as: slack}]", "url"),
        ("[{url: {env: A}, as: pager}]", "cloudevents"),
        ("[{url: {env: A}, on: [started, started]}]", "twice"),
        ("[{url: {env: A}, on: []}]", "on"),
        ("[{url: {env: A}, on: [begun]}]", "started"),
        ("[{url: {env: A}, timeout: 2m}]", "longer than 60s"),
        ("[{url: {env: A}, secret: literal-key}]", "must say where the secret is"),
    ],
)
def test_a_wrong_receiver_is_told_at_its_place(written: str, said: str) -> None:
    found, problems = load(project(f"notify: {written}"))
    assert found is None
    assert {one.line for one in problems} == {11}
    told = " ".join(str(one) for one in problems)
    assert said in told
    assert PASTED[8:] not in told
    assert "literal-key" not in told


def test_a_receiver_is_told_everything_unless_it_says_what() -> None:
    found, problems = load(project("notify: [{url: {env: A}}, {url: {file: b}, as: teams}]"))
    assert problems == []
    assert found is not None
    first, second = found.notify
    assert first.on == second.on == ("approval-missing", "started", "in-doubt", "finished")
    assert (first.shape, second.shape) == ("cloudevents", "teams")

"""What people get wrong: each is one placed error in our words, and its fix works as written."""

import re
from pathlib import Path

import pytest

from reconciler.cli.main import main
from tests.support.following import Hand, errors_in
from tests.support.wrong_inputs import NOW, RIGHT, WRONG, C, M, P, Wrong

MOST_FILLED = 12  # fixes that can but say where something belongs that only its author knows
LIBRARIES = re.compile(
    r"pydantic|msgspec|yaml\.|expected <|input_value|Traceback|Errno|click|re2|cronsim|"
    r"Invalid value|No such option|JSON is malformed|codec can't|Bad hour|\bNone\b",
)


def command(wrong: Wrong) -> list[str]:
    if wrong.file is None:
        return list(wrong.command)
    if wrong.file in (P, M):
        return ["validate"]
    captured = ["--captured-at", NOW] if C in (wrong.file, f"i.{wrong.old.lower()}") else []
    return ["plan", "--inventory", wrong.file, *captured]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "manifests").mkdir()
    for name, text in RIGHT.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795860000")  # an hour after NOW
    return tmp_path


@pytest.mark.parametrize("file", [name for name in RIGHT if name.startswith("i.")])
def test_nothing_is_wrong_to_begin_with(root: Path, file: str) -> None:
    captured = ["--captured-at", NOW] if file == C else []
    assert main(["validate"]) == 0
    assert main(["plan", "--inventory", file, *captured]) == 0


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: one.name)
def test_each_is_one_placed_error_whose_fix_works(
    root: Path, wrong: Wrong, capsys: pytest.CaptureFixture[str]
) -> None:
    if wrong.file is not None:
        (root / wrong.file).write_bytes(wrong.text())
    hand = Hand(root, command(wrong), wrong.fill)
    code = main(hand.command)
    said = capsys.readouterr().err
    assert code == (64 if wrong.file is None else 1), said
    told, *others = errors_in(said)
    assert {one.fix for one in others} <= {told.fix}, said  # the same in other rows, at most
    assert (told.path, told.line) == (wrong.file, wrong.line)
    assert not LIBRARIES.search(f"{told.message} {told.fix}"), said
    hand.follow(told)
    capsys.readouterr()
    code = main(hand.command)
    after = capsys.readouterr().err
    assert (code, errors_in(after)) == (0, []), f"{said}\n---\n{after}"
    assert hand.filled == (wrong.fill is not None), said


def test_there_are_more_than_sixty_and_few_need_what_only_their_author_knows() -> None:
    assert len(WRONG) >= 60
    assert len({one.name for one in WRONG}) == len(WRONG)
    assert sum(one.fill is not None for one in WRONG) <= MOST_FILLED

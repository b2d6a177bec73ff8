"""`reconciler drivers try`: what a file of answers would mean, without a request."""

import io
import json
import sys

import pytest

from reconciler.cli.main import main

PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    crm:
      driver: http
      baseUrl: https://api.example.com
      settings:
        secrets: {key: {env: CRM_KEY}}
        headers: {Authorization: "Bearer ${secret.key}"}
        ids: "[0-9]{1,9}"
        delete: {method: DELETE, path: "/campaigns/${id}"}
        answers:
          - {status: 204, body: empty, means: deleted}
          - {status: 200, body: object, json: {id: "${id}"}, means: deleted}
          - {status: 404, means: unconfirmed}
          - {status: 409, means: refused, detail: message}
        list:
          path: /campaigns
          items: items
          fields: {id: id, name: title}
          query: {per_page: "100"}
          next: {page: page, size: 100}
          total: total
    voice:
      driver: ozonetel
      settings: {userName: acme, apiKey: {env: OZONETEL_KEY}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler.yaml").write_text(PROJECT)


def told(capsys, lines, *args, account="crm"):
    with open("answers.ndjson", "w") as file:
        file.write("\n".join(lines))
    code = main(["drivers", "try", account, "--answers", "answers.ndjson", *args])
    return code, capsys.readouterr()


def means(capsys, *answers):
    code, shown = told(capsys, [json.dumps(one) for one in answers], "--format", "json")
    assert code == 0, shown.err
    return [(one["line"], one["means"]) for one in json.loads(shown.out)["answers"]]


def test_each_answer_means_what_the_settings_say_and_no_secret_is_asked_for(capsys):
    assert means(
        capsys,
        {"status": 204},
        {"status": 200, "body": {"id": 1}},
        {"status": 200, "body": {"id": 2}},
        {"status": 200, "body": {"id": 7}, "id": "7"},
        {"status": 404},
        {"status": 409, "body": {"message": "running"}},
        {"status": 503},
        {"status": 200, "to": "list", "body": {"items": [{"id": 1, "title": "A"}], "total": 1}},
        {"status": 200, "to": "look"},
    ) == list(
        enumerate(
            ["deleted", "deleted", "in-doubt", "deleted", "unconfirmed", "refused"]
            + ["in-doubt", "complete", "nothing"],
            1,
        )
    )


def test_what_an_answer_says_is_escaped(capsys):
    code, shown = told(capsys, ['{"status": 409, "body": {"message": "a\\u001b[2Jb"}}'])
    assert code == 0
    assert "refused" in shown.out
    assert "\x1b" not in shown.out


def test_answers_may_come_by_standard_input(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"status": 204}\n')))
    assert main(["drivers", "try", "crm", "--answers", "-"]) == 0
    assert "deleted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (['{"status": 204}', "{"], ":2:1: "),
        (['{"status": "204"}'], ":1:1: "),
        (['{"status": 204, "bdoy": 1}'], ":1:1: "),
        ([""], ":1:1: "),
    ],
)
def test_a_file_that_holds_no_answers_is_told_where(capsys, lines, place):
    code, shown = told(capsys, lines)
    assert code == 1
    assert place in shown.err


def test_an_unknown_account_is_a_usage_error_that_names_the_known(capsys):
    code, shown = told(capsys, ['{"status": 204}'], account="no-such")
    assert code == 64
    assert "crm, voice" in shown.err

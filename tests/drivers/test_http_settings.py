"""The settings of the driver `http`: what is wrong with them is told in its place, all at once."""

import pytest

from reconciler import drivers
from reconciler.declare.checked import validate
from reconciler.declare.strict import parse
from reconciler.driver import Answer, Doubt, Item, Secret, Session, Unproven
from reconciler.model import Campaign, Target
from tests.support import cookbook

HTTP = drivers.find("http")
GOOD = """\
secrets: {id: {env: CRM_ID}, secret: {env: CRM_SECRET}, key: {env: CRM_KEY}}
token:
  baseUrl: https://login.crm.example
  request:
    path: /oauth2/token
    form: {client_id: "${secret.id}", client_secret: "${secret.secret}"}
  take: access_token
  expires: expires_in
headers:
  Authorization: Bearer ${token}
  X-Key: ${secret.key}
ids: "[0-9]{1,12}"
delete:
  path: /v1/campaigns/${id}
  query: {hard: "true"}
  json: {reason: cleanup, hard: true, tries: 1, note: null}
answers:
  - {status: 204, body: empty, means: deleted}
  - {status: 200, json: {status: success, data.id: "${id}"}, means: deleted}
  - {status: 404, means: unconfirmed}
  - {status: [400, 409], means: refused, detail: message}
  - {status: 503, means: throttled, wait: 60s}
list:
  path: /v1/campaigns
  query: {limit: "100"}
  items: data.items
  fields: {id: id, name: title, status: state}
  statuses: {active: running, done: completed}
  next: {cursor: paging.next, as: cursor}
look:
  path: /v1/campaigns/${id}
  missing: [{status: 404}]
"""
ANSWERS = GOOD[GOOD.index("answers:") : GOOD.index("list:")]
LIST = GOOD[GOOD.index("list:") : GOOD.index("look:")]
DELETE = GOOD[GOOD.index("delete:") : GOOD.index("answers:")]


def read(text):
    """The settings of *text*, and what is wrong with them."""
    documents, problems = parse(text.encode(), "reconciler.yaml")
    assert not problems
    return validate(HTTP.settings, documents[0], "reconciler.yaml", quotes=True, echo=False)


def test_what_the_specification_writes_is_right():
    found, told = read(GOOD)
    assert told == []
    assert found.delete.body == {"reason": "cleanup", "hard": True, "tries": 1, "note": None}


WRONG = [
    # the request
    (DELETE, "", "`delete` is missing"),
    ("/v1/campaigns/${id}\n  query", "/v1/campaigns\n  query", "does not name its target"),
    (
        "  path: /v1/campaigns/${id}\n  query",
        "  method: GET\n  path: /v1/campaigns/${id}\n  query",
        "`delete.method` cannot be this",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: v1/campaigns/${id}\n  query",
        "must begin with one slash",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: //evil.example/${id}\n  query",
        "must begin with one slash",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: https://evil.example/${id}\n  query",
        "must begin with one slash",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/campaigns?id=${id}\n  query",
        "question mark",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/../${id}\n  query",
        "empty segment, `.` or `..`",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1//${id}\n  query",
        "empty segment, `.` or `..`",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/%2e%2e/${id}\n  query",
        "a path cannot carry",
    ),
    ("path: /v1/campaigns/${id}\n  query", "path: /v1/a b/${id}\n  query", "a path cannot carry"),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/x-${secret.key}/${id}\n  query",
        "has a secret in a part of a segment",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/campaigns/${ID}\n  query",
        "a placeholder that is none",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/campaigns/${id\n  query",
        "placeholder without an end",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/campaigns/${id:-x}\n  query",
        "a default for what always has a value",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/campaigns/${id}/${nonce}\n  query",
        "cannot hold this placeholder",
    ),
    (
        "path: /v1/campaigns/${id}\n  query",
        "path: /v1/campaigns/${part}\n  query",
        "nothing says what a part is",
    ),
    ("ids: ", "parts: messageIds\nids: ", "does not name the part"),
    (
        'query: {hard: "true"}',
        'query: {hard: "${number:id}"}',
        "beside other text|whole value of a JSON body",
    ),
    (
        "json: {reason: cleanup,",
        'json: {reason: "${secret.key}",',
        "would put a secret into a body",
    ),
    ("json: {reason: cleanup,", 'json: {a: [{b: "x ${token}"}],', "would put a secret into a body"),
    (
        "json: {reason: cleanup, hard: true, tries: 1, note: null}",
        'form: {key: "${secret.key}"}',
        "would put a secret into a form",
    ),
    (
        "  json: {reason: cleanup,",
        "  form: {a: b}\n  json: {reason: cleanup,",
        "two bodies of one request",
    ),
    ("json: {reason: cleanup,", "json: {reason: yes,", "YAML and JSON read differently"),
    ("json: {reason: cleanup,", "json: {reason: 010,", "YAML and JSON read differently"),
    ("json: {reason: cleanup,", "json: {reason: 2026-01-01,", "YAML and JSON read differently"),
    ("json: {reason: cleanup,", "json: {reason: ,", "an empty value"),
    ("json: {reason: cleanup,", 'json: {reason: "x ${number:id}",', "beside other text"),
    # headers, secrets, tokens
    ("  X-Key: ${secret.key}", "  X Key: ${secret.key}", "is not a header's name"),
    ("  X-Key: ${secret.key}", "  Host: ${secret.key}", "a header that the request itself makes"),
    (
        "  X-Key: ${secret.key}",
        "  Content-Length: ${secret.key}",
        "a header that the request itself makes",
    ),
    ("  X-Key: ${secret.key}", '  X-Key: "${secret.key}\\r\\nX: y"', "not printable ASCII"),
    ("  X-Key: ${secret.key}", "  X-Key: ${secret.key}\n  x-key: again", "a second time"),
    ("  X-Key: ${secret.key}", "  X-Key: ${secret.kye}", "a secret that `secrets` does not have"),
    ("  X-Key: ${secret.key}", "  X-Id: ${id}", "cannot hold this placeholder"),
    ("  X-Key: ${secret.key}", "  X-Other: x", "is used nowhere"),
    ("{env: CRM_KEY}}", "sk_live_abc}", "must say where the secret is"),
    ("key: {env: CRM_KEY}", '"a key": {env: CRM_KEY}', "is not a name"),
    (
        "  Authorization: Bearer ${token}",
        "  Authorization: Bearer ${jwt}",
        "uses ${jwt}, and there is none",
    ),
    ("  Authorization: Bearer ${token}", "  Accept: text/plain", "`token` is used nowhere"),
    ("https://login.crm.example", "http://login.crm.example", "must be https"),
    ("https://login.crm.example", "https://login.crm.example/path", "is not a host name"),
    ("    form: {client_id", "    json: {a: b}\n    form: {client_id", "two bodies of one request"),
    ("take: access_token", "take: access token", "is not a way into JSON"),
    (
        "token:\n  baseUrl",
        "jwt: {secret: kye, claims: {sub: a}}\ntoken:\n  baseUrl",
        "a secret that `secrets` does not have",
    ),
    (
        "token:\n  baseUrl",
        "jwt: {secret: key, algorithm: none, claims: {}}\ntoken:\n  baseUrl",
        "`jwt.algorithm` cannot be this",
    ),
    ('ids: "[0-9]{1,12}"', 'ids: "[0-9"', "is not an RE2 pattern"),
    ('ids: "[0-9]{1,12}"', 'ids: "(?=x)a"', "is not an RE2 pattern"),
    # answers
    (ANSWERS, "", "`answers` is missing"),
    (ANSWERS, "answers: []\n", "`answers` is empty"),
    (
        ANSWERS,
        "answers:\n  - {status: 404, means: unconfirmed}\n",
        "in this table nothing can mean deleted",
    ),
    (
        "{status: 204, body: empty, means: deleted}",
        "{status: 204, means: deleted}",
        "calls every body of this status deleted",
    ),
    (
        "{status: 204, body: empty, means: deleted}",
        "{status: [204, 302], body: empty, means: deleted}",
        "calls deleted what is no 2xx",
    ),
    (
        "{status: 204, body: empty, means: deleted}",
        "{status: 204, body: empty, means: gone}",
        "cannot be this",
    ),
    (
        "{status: 204, body: empty, means: deleted}",
        "{status: 204, body: blank, means: deleted}",
        "cannot be this",
    ),
    (
        "{status: 204, body: empty, means: deleted}",
        "{status: 204, body: empty, json: {a: b}, means: deleted}",
        "an empty body holds nothing",
    ),
    (
        "{status: 204, body: empty, means: deleted}",
        "{status: 99, body: empty, means: deleted}",
        "is not an HTTP status",
    ),
    (
        "{status: 204, body: empty, means: deleted}",
        "{status: 20x, body: empty, means: deleted}",
        "is not an HTTP status",
    ),
    (
        "  - {status: 204, body",
        "  - {status: 2xx, means: in-doubt}\n  - {status: 204, body",
        "is never reached",
    ),
    (
        "{status: 404, means: unconfirmed}",
        "{status: 404, means: already-gone}",
        "a wrong address, key or version",
    ),
    (
        "{status: 404, means: unconfirmed}",
        "{status: 500, json: {a: b}, means: already-gone}",
        "the vendor did not say",
    ),
    (
        "{status: 503, means: throttled, wait: 60s}",
        "{status: 503, means: throttled}",
        "does not say how long to wait",
    ),
    (
        "{status: 503, means: throttled, wait: 60s}",
        "{status: 503, means: refused, wait: 60s}",
        "not throttled",
    ),
    (
        "{status: 503, means: throttled, wait: 60s}",
        "{status: 503, means: throttled, wait: 60}",
        "is not a duration",
    ),
    (
        "json: {status: success, data.id",
        'json: {status: "${secret.key}", data.id',
        "would put a secret into an answer",
    ),
    (
        "json: {status: success, data.id",
        "json: {status..x: success, data.id",
        "is not a way into JSON",
    ),
    ("detail: message}", "detail: .message}", "is not a way into JSON"),
    # list and look
    (
        "fields: {id: id, name: title, status: state}",
        "fields: {name: title, status: state}",
        "campaigns without ids",
    ),
    (
        "fields: {id: id, name: title, status: state}",
        "fields: {id: id, title: title, status: state}",
        "title",
    ),
    (
        "fields: {id: id, name: title, status: state}",
        "fields: {id: id, name: title}",
        "translates states that no field reads",
    ),
    ("  items: data.items\n", "", "`list.items` is missing|`items` is missing"),
    ("{active: running, done: completed}", "{active: runing, done: completed}", "cannot be this"),
    ("  path: /v1/campaigns\n", "  path: /v1/campaigns/${id}\n", "cannot hold this placeholder"),
    ("next: {cursor: paging.next, as: cursor}", "next: {cursor: paging.next}", "in no parameter"),
    (
        "next: {cursor: paging.next, as: cursor}",
        "next: {page: page}",
        "how many campaigns a full page has",
    ),
    (
        "next: {cursor: paging.next, as: cursor}",
        "next: {offset: o, page: p, size: 5}",
        "says it in several ways",
    ),
    (
        "next: {cursor: paging.next, as: cursor}",
        "next: {size: 5}",
        "does not say where the next page is",
    ),
    (
        "next: {cursor: paging.next, as: cursor}",
        "next: {link: links.next, in: json}",
        "a link is a query",
    ),
    ("look:\n  path: /v1/campaigns/${id}", "look:\n  path: /v1/campaigns", "is about nobody"),
    (
        "missing: [{status: 404}]",
        "missing: [{status: 200}]",
        "calls every campaign missing that is shown",
    ),
    ("missing: [{status: 404}]", "missing: [{status: [404, 500]}]", "the vendor did not say"),
    (LIST, "", "has no id to compare"),
    # many
    (
        "  path: /v1/campaigns/${id}\n  query",
        '  many: {max: 5, join: ","}\n  path: /v1/campaigns/${id}\n  query',
        "a path names one target",
    ),
    (
        "  path: /v1/campaigns/${id}\n  query",
        '  many: {max: 5}\n  path: /v1/c\n  headers: {X-I: "${id}"}\n  query',
        "nothing repeats",
    ),
    (
        "  path: /v1/campaigns/${id}\n  query",
        '  many: {max: 1, join: ","}\n  path: /v1/c\n  headers: {X-I: "${id}"}\n  query',
        "at least 2|not less than 2|must be",
    ),
    (
        '  path: /v1/campaigns/${id}\n  query: {hard: "true"}',
        '  path: /v1/c\n  many: {max: 5, join: ","}\n  query: {ids: "${id}"}',
        "compares with one target",
    ),
    # what nobody knows
    ("ids: ", "id: x\nids: ", "unknown key `id`"),
    ("  items: data.items\n", "  items: data.items\n  item: x\n", "unknown key `item`"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_a_wrong_setting_is_told_with_its_place_and_a_way_to_mend_it(old, new, said):
    import re

    assert GOOD.count(old) == 1, old
    text = GOOD.replace(old, new)
    found, told = read(text)
    assert found is None
    (mine, *_) = [one for one in told if re.search(said.replace("${", r"\$\{"), one.message)] or [
        None
    ]
    assert mine is not None, [one.message for one in told]
    assert mine.fix
    lines = text.splitlines()
    changed = {
        number
        for number, (a, b) in enumerate(zip(lines, GOOD.splitlines(), strict=False), 1)
        if a != b
    }
    inside = new == "" or mine.line in changed or any(mine.line <= one + 1 for one in changed)
    assert inside, (mine.line, changed)
    assert "sk_live" not in mine.message + mine.fix


def test_there_are_more_than_fifty_ways_to_be_wrong():
    assert len(WRONG) >= 50


def test_everything_wrong_is_told_at_once():
    text = GOOD.replace("/v1/campaigns/${id}\n  query", "/v1/campaigns\n  query")
    text = text.replace("body: empty, means", "means").replace("{id: id, name", "{name")
    _, told = read(text)
    assert len({one.line for one in told}) >= 3


def test_quotes_say_whether_a_value_of_json_is_text():
    text = GOOD.replace(
        "hard: true, tries: 1, note: null", 'hard: "true", tries: "1", note: "null"'
    )
    found, told = read(text)
    assert told == []
    assert found.delete.body == {"reason": "cleanup", "hard": "true", "tries": "1", "note": "null"}


def test_a_driver_is_what_its_settings_say():
    found, _ = read(GOOD)
    driver = HTTP.of(found)
    assert (driver.list is not None, driver.look is not None) == (True, True)
    assert driver.fields == ("name", "status")
    assert driver.unsafe(found, Campaign(account="a", id="12x", name="A"), None)
    bare, told = read(GOOD.replace(LIST, "").replace(GOOD[GOOD.index("look:") :], ""))
    assert told == []
    assert (HTTP.of(bare).list, HTTP.of(bare).look) == (None, None)


@pytest.mark.parametrize("ids", ["", 'ids: "[ -~]{1,200}"'], ids=["as for paths", "any"])
@pytest.mark.parametrize("join", [",", ", ", "~", "--"])
def test_an_id_that_would_be_read_as_several_is_refused(ids, join):
    """Whatever `ids` takes: one of the several may be a campaign that nobody planned."""
    text = f"""\
delete: {{method: POST, path: /gone, query: {{ids: "${{id}}"}}, many: {{max: 9, join: "{join}"}}}}
answers: [{{status: 204, body: empty, means: deleted}}]
{ids}
"""
    found, told = read(text)
    assert told == []
    driver = HTTP.of(found)
    for id_ in (f"a{join}b", f"a{join}", f"{join}b", f"a{join.strip()}b"):
        assert driver.unsafe(found, Campaign(account="a", id=id_, name="A"), None), id_
    assert driver.unsafe(found, Campaign(account="a", id="a-b", name="A"), None) is None
    assert driver.unsafe(found, Campaign(account="a", id=" a", name="A"), None)


@pytest.mark.parametrize(("status", "kind"), [(202, Unproven), (200, Doubt), (500, Doubt)])
def test_a_deletion_that_is_only_accepted_is_looked_at_and_stops_nobody(status, kind):
    """The row of a vendor that deletes later; no number of such answers is a vendor in trouble."""
    found, told = read(f"""\
delete: {{path: "/c/${{id}}"}}
answers:
  - {{status: 204, body: empty, means: deleted}}
  - {{status: {status}, means: in-doubt}}
""")
    assert told == []
    session = Session("a", found, "https://crm.example", Secret.of("t"), lambda: "n")
    answer = Answer(status, {}, b'{"job": 7}')
    item = Item(Target("a", "c1"), "One")
    assert isinstance(HTTP.of(found).judge(session, (item,), answer), kind)


def test_every_vendor_of_the_cookbook_is_right():
    assert len(cookbook.accounts()) >= 10
    for one in cookbook.accounts().values():
        cookbook.configured(one["settings"])


def test_a_pattern_that_is_none_is_told_by_us_alone(capfd):
    _, told = read(GOOD.replace("[0-9]{1,12}", "[0-9"))
    assert [one.line for one in told] == [12]
    assert capfd.readouterr() == ("", "")


def scope(text):
    found, told = read(text)
    assert told == []
    return str(HTTP.of(found).scope(found))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("path: /v1/campaigns/${id}\n  query", "path: /workspaces/2/campaigns/${id}\n  query"),
        ('query: {hard: "true"}', 'query: {hard: "true", project: p2}'),
        ("  X-Key: ${secret.key}", "  X-Key: ${secret.key}\n  X-Project: p2"),
        ("json: {reason: cleanup,", "json: {project: p2, reason: cleanup,"),
    ],
    ids=["path", "query", "header", "body"],
)
def test_whoever_deletes_elsewhere_is_another_account(old, new):
    """At one address, with one key, a project may stand anywhere in the request."""
    assert old in GOOD
    assert scope(GOOD.replace(old, new)) != scope(GOOD)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ANSWERS, ANSWERS + "  - {status: 410, means: unconfirmed}\n"),
        ('limit: "100"', 'limit: "50"'),
        ('ids: "[0-9]{1,12}"', 'ids: "[0-9]{1,13}"'),
    ],
    ids=["answers", "list", "ids"],
)
def test_how_an_account_is_read_does_not_say_whose_it_is(old, new):
    assert old in GOOD
    assert scope(GOOD.replace(old, new)) == scope(GOOD)

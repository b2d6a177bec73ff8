"""The JSON Schemas say what an editor can know, and never more than `validate` does."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from reconciler import drivers
from reconciler.declare import manifests, project
from reconciler.declare.descriptions import DESCRIPTIONS
from reconciler.declare.schema import KINDS, schema
from tests.support.declared import every_driver

SCHEMAS = {kind: schema(kind, every_driver()) for kind in KINDS}


def definitions(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything in a schema that has properties, by where it is."""

    def walk(where: str, node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, list):
            for index, one in enumerate(node):
                yield from walk(f"{where}[{index}]", one)
        elif isinstance(node, dict):
            if "properties" in node:
                yield where, node["properties"]
            for key, one in node.items():
                # What is said under `if` and `then` is about keys that are described elsewhere.
                if key not in ("if", "then", "anyOf", "oneOf", "allOf") or where.endswith(
                    ("Credential", "InventoryEntry")
                ):
                    yield from walk(f"{where}.{key}", one)

    yield from walk(kind, SCHEMAS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_described(kind: str) -> None:
    found = SCHEMAS[kind].get("$defs", {})
    lacking = []
    for where, properties in definitions(kind):
        for key, said in properties.items():
            target = found.get(said.get("$ref", "").rpartition("/")[2], {})
            if not said.get("description") and not target.get("description"):
                lacking.append(f"{where}: {key}")
    assert lacking == []


def test_no_description_is_of_a_key_that_there_is_not() -> None:
    known: dict[str, set[str]] = {}
    for kind in ("inventory", "plan", "report"):
        whole = SCHEMAS[kind]
        known.setdefault(f"{kind.title()}Document", set()).update(whole.get("properties", {}))
        for name, one in whole["$defs"].items():
            known.setdefault(name, set()).update(one.get("properties", {}))
    for name, said in DESCRIPTIONS.items():
        assert set(said) == known[name], name


def test_descriptions_have_no_line_ends() -> None:
    for kind in ("project", "manifest"):
        for where, properties in definitions(kind):
            for key, said in properties.items():
                assert "\n" not in said.get("description", ""), f"{where}: {key}"


# ---------------------------------------------------------------- settings by driver


def takes(kind: str, value: object) -> bool:
    return jsonschema.Draft202012Validator(SCHEMAS[kind]).is_valid(value)


def with_account(**account: Any) -> dict[str, Any]:
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Project",
        "metadata": {"name": "p"},
        "spec": {"accounts": {"a": account}},
    }


GOOD = {"project": "project_1", "restApiKey": {"env": "KEY"}}


@pytest.mark.parametrize(
    ("settings", "valid"),
    [
        (GOOD, True),
        ({**GOOD, "restApiKey": {"file": "/run/secrets/key"}}, True),
        ({**GOOD, "restApiKey": "sk_live_123"}, False),
        ({**GOOD, "restApiKey": {"env": "sk_live_123"}}, False),
        ({**GOOD, "restApiKey": {"env": "a0082dc6860938a26280bd3ba927303b"}}, False),
        ({**GOOD, "restApiKey": {"env": "KEY", "file": "f"}}, False),
        ({**GOOD, "restApiKey": {}}, False),
        ({**GOOD, "restApiKey": {"env": "not a name"}}, False),
        ({"project": "project_1"}, False),
        ({**GOOD, "streamId": "st-1"}, False),  # another driver's
        ({**GOOD, "types": ["campaign", "email"]}, False),
        ({**GOOD, "project": "with blanks"}, False),
    ],
)
def test_settings_are_those_of_the_driver(settings: dict[str, Any], valid: bool) -> None:
    assert takes("project", with_account(driver="batch-cep", settings=settings)) is valid


def test_an_account_without_settings_is_seen_and_a_strangers_driver_is_left_alone() -> None:
    assert not takes("project", with_account(driver="batch-cep"))
    assert takes("project", with_account(driver="acme", settings={"anything": [1]}))
    assert takes("project", with_account(driver="acme"))
    assert not takes("project", with_account(driver="acme", settings="text"))


# ---------------------------------------------------------------- beside what validate says

PROJECT = """
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme-messaging}
spec:
  manifests: [manifests, more/*.yaml]
  inventory: [inventory.ndjson]
  state: sqlite:///.reconciler/state.db
  accounts:
    push:
      driver: batch-cep
      settings: {project: project_1, restApiKey: {env: BATCH_REST_API_KEY}}
      baseUrl: http://127.0.0.1:8080/batch
      limits: {requests: 1, per: 1s, concurrency: 1}
      inventory: complete
      before: look
      scope: acme
      keepCopy: true
      maxBatch: 1000
      proxy: http://proxy.acme.example:3128
      caFile: /etc/ssl/acme.pem
      guards: {maxDeletions: {count: 200}, inventoryMaxAge: 72h}
    calls:
      driver: ozonetel
      settings: {userName: u, apiKey: {file: /run/key}, bulk: false, authentication: basic}
    kore:
      driver: kore
      settings: {host: k.example, streamId: st-1, accountId: a, clientId: c, clientSecret: {env: K}}
  guards:
    maxDeletions: {count: 50, percent: 10, per: 24h}
    inventoryMaxAge: 24h
    planMaxAge: 7d
    resumeMaxAge: 14d
    running: refuse
    protect:
      - {account: push, match: {labels: {tier: evergreen}}, because: Legal hold LH-7}
      - {id: x1, because: Law}
    require: [owner, reason, ticket]
    ticketPattern: CHG-[0-9]{4,}
    windows:
      - {kind: allow, schedule: "0 9 * * 1-4", duration: 8h, timeZone: Europe/Paris}
      - {kind: deny, from: 2026-12-20, to: 2027-01-04, because: Peak freeze}
    approvals: {required: 2, above: 10, allowedSigners: signers, aliases: {octocat: [a@b.example]}}
    waivable: [windows]
  waivers:
    - {guard: running, account: push, id: x1, because: b, ticket: T-1, until: 2026-12-01}
    - {guard: protected, account: push, id: x, part: p, because: b, ticket: T, until: 2026-12-01}
    - {guard: running, account: push, id: x, parts: all, because: b, ticket: T, until: 2026-12-01}
    - {guard: max-deletions, account: push, count: 80, because: b, ticket: T, until: 2026-12-01}
    - {guard: inventory-age, account: push, because: b, ticket: T-1, until: 2026-12-01}
"""
MANIFEST = r"""
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata:
  name: retire-diwali
  owner: lifecycle
  reason: Over
  ticket: CHG-1
  notBefore: 2026-01-01
  until: 2027-01-31
spec:
  account: push
  absent:
    - id: x1
    - name: Diwali 2024 teaser
    - match:
        name: "Diwali 20[12]? \\[x\\] *"
        nameRegex: "(Test|QA) .*"
        status: [draft, stopped]
        channel: sms
        createdBefore: 2025-01-01
        createdAfter: 2024-01-01T09:00:00Z
        notUpdatedFor: 90d
        olderThan: 24h
        labels: {team: growth}
        labelBefore: {expiresAt: now}
        labelAfter: {startsAt: 2024-01-01}
      expect: {min: 1, max: 20}
  keep:
    - id: x2
    - match: {status: running, newerThan: 7d, updatedWithin: 30m}
"""


class _Plain(yaml.SafeLoader):
    """YAML 1.2 as editors read it: no dates."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith("timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def loaded(text: str) -> Any:
    return yaml.load(text, _Plain)  # noqa: S506


PROJECT_VALUE, MANIFEST_VALUE = loaded(PROJECT), loaded(MANIFEST)
FOUND, _ = project.load(
    PROJECT.encode(), "reconciler.yaml", find_driver=drivers.find, driver_names=drivers.names
)


def right(kind: str, value: Any) -> bool:
    """Whether `validate` takes *value*; JSON is YAML."""
    data = json.dumps(value).encode()
    if kind == "project":
        _, told = project.load(
            data, "reconciler.yaml", find_driver=drivers.find, driver_names=drivers.names
        )
    else:
        _, told = manifests.load([("m.yaml", data)], FOUND, parts=lambda _: "phoneNumbers")
    return not [one for one in told if one.severity == "error" and one.code != manifests.METADATA]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


ODD = (
    *("", " ", "x", "0", "-1", "1.5", "010", "true", "now", "2026-02-30", "2026-13-01", "26-1-1"),
    *("90d", "0d", "d90", "99999999999d", "1h30m", "http://evil.example", "https://u:p@h.example"),
    *("../x", "/etc/x", "a b", "a/b", "[", "*", "(?=x)", "(", "\u00e9", "sk_live_abcdef", "all"),
    *("running", "allow", "draft", "push", "nobody", "0 9 * * 8", "* * * * *", "Europe/Nowhere"),
    *(0, 1, -1, 101, 1.5, True, False, None, [], {}, [[]], [{}], ["x"], {"x": "y"}, {"env": "K"}),
)


def mutated(value: Any, rng: random.Random) -> Any:
    """*value* with one to two changes of the kind that people make."""
    made = copy.deepcopy(value)
    for _ in range(rng.randint(1, 2)):
        every = list(places(made))
        path = rng.choice(every)
        around = made
        for step in path[:-1]:
            around = around[step]
        key = path[-1]
        match rng.randrange(7):
            case 0 | 1:
                around[key] = copy.deepcopy(rng.choice(ODD))
            case 2:
                del around[key]
            case 3 if isinstance(around, dict):
                around[str(key) + rng.choice("xsy")] = around.pop(key)
            case 4 if isinstance(around, dict):
                around[rng.choice(("id", "name", "count", "match", "until", "part", "expect"))] = (
                    copy.deepcopy(rng.choice(ODD))
                )
            case 5:
                other = rng.choice(every)
                inner: Any = made
                try:
                    for step in other:
                        inner = inner[step]
                except (KeyError, IndexError, TypeError):
                    continue
                around[key] = copy.deepcopy(inner)
            case _ if isinstance(around[key], str) and around[key]:
                at = rng.randrange(len(around[key]))
                letter = rng.choice("aZ0-./ :[\\*")
                around[key] = around[key][:at] + letter + around[key][at + rng.randint(0, 1) :]
    return made


def compared(kind: str, value: Any, number: int) -> tuple[list[Any], list[Any], int]:
    """Mutants that only the schema takes, that only `validate` takes, and how many are wrong."""
    rng = random.Random(f"{kind} of a fixed seed")
    check = jsonschema.Draft202012Validator(SCHEMAS[kind])
    loose, strict, wrong = [], [], 0
    for _ in range(number):
        made = mutated(value, rng)
        good, taken = right(kind, made), check.is_valid(made)
        wrong += not good
        if taken and not good:
            loose.append(made)
        if good and not taken:
            strict.append(made)
    return loose, strict, wrong


def test_the_files_that_are_changed_are_right() -> None:
    assert FOUND is not None
    for kind, value in (("project", PROJECT_VALUE), ("manifest", MANIFEST_VALUE)):
        assert right(kind, value)
        assert takes(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"), [("project", PROJECT_VALUE), ("manifest", MANIFEST_VALUE)]
)
def test_the_schema_sees_nearly_all_that_validate_sees_and_nothing_else(
    kind: str, value: Any
) -> None:
    """What is left: names of accounts, drivers and zones, times that never come, odd scalars."""
    loose, strict, wrong = compared(kind, value, 250)
    assert wrong > 150
    assert len(loose) <= 0.05 * wrong, loose
    assert len(strict) <= 0.02 * wrong, strict


@pytest.mark.parametrize("several", [False, True])
def test_a_vendor_may_have_one_list_or_several(several: bool) -> None:
    one = {"path": "/c", "items": "items", "fields": {"id": "id"}}
    settings = {
        "delete": {"path": "/c/${id}"},
        "answers": [{"status": 204, "body": "empty", "means": "deleted"}],
        "list": [one, {**one, "path": "/d"}] if several else one,
    }
    value = with_account(driver="http", baseUrl="https://crm.example", settings=settings)
    assert right("project", value)
    assert takes("project", value)
    assert not takes("project", with_account(driver="http", settings={**settings, "list": "x"}))

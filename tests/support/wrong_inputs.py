"""A project that is right, and what people get wrong in it, one thing at a time."""

import json
from collections.abc import Callable
from dataclasses import dataclass

NOW = "2026-11-28T08:00:00Z"
P, M = "reconciler.yaml", "manifests/a.yaml"
N, C, J, Y = "i.ndjson", "i.csv", "i.json", "i.yaml"

PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push:
      driver: batch-cep
      settings:
        project: project_1
        restApiKey: {env: CEP_KEY}
      limits: {requests: 1, per: 1s, concurrency: 1}
    sms:
      driver: cellcast
      scope: sms
      settings: {apiKey: {env: CELL_KEY}}
  guards:
    maxDeletions: {count: 10}
    inventoryMaxAge: 24h
    running: refuse
    protect:
      - {account: push, match: {labels: {tier: evergreen}}, because: Legal hold}
    windows:
      - {kind: deny, from: 2020-12-20, to: 2021-01-04, because: Peak freeze}
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata:
  name: retire-diwali
  owner: lifecycle
  reason: The season is over
  until: 2030-01-31
spec:
  account: push
  absent:
    - id: c1
    - name: Two
    - match: {name: "Old *", status: [stopped], createdBefore: 2025-01-01}
      expect: {min: 1, max: 20}
  keep:
    - id: c9
"""
_RECORDS = [
    {
        "account": "push",
        "id": i,
        "name": n,
        "status": "stopped",
        "createdAt": "2024-10-01T09:00:00Z",
    }
    for i, n in (("c1", "One"), ("c2", "Two"), ("c3", "Old three"), ("c9", "Nine"))
]
_HEAD = {
    "apiVersion": "reconciler/v1",
    "kind": "Inventory",
    "capturedAt": NOW,
    "accounts": {"push": {"complete": True}},
}
NDJSON = "".join(json.dumps(one) + "\n" for one in (_HEAD, *_RECORDS))
CSV = "account,id,name,status,createdAt\n" + "".join(
    ",".join(one.values()) + "\n" for one in _RECORDS
)
JSON = json.dumps({**_HEAD, "campaigns": _RECORDS}, indent=1) + "\n"
YAML = (
    f"apiVersion: reconciler/v1\nkind: Inventory\ncapturedAt: {NOW}\n"
    "accounts: {push: {complete: true}}\ncampaigns:\n"
) + "".join("  - {" + ", ".join(f"{k}: {v}" for k, v in one.items()) + "}\n" for one in _RECORDS)
RIGHT = {P: PROJECT, M: MANIFEST, N: NDJSON, C: CSV, J: JSON, Y: YAML}


@dataclass(frozen=True)
class Wrong:
    """*old* of *file* is *new*, or the *command* is wrong; *line*: where that is told.

    *fill*: what only its author knows, where a fix can but say where it belongs.
    """

    file: str | None
    old: str
    new: str | Callable[[str], bytes]
    line: int = 0
    fill: str | None = None
    command: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        shown = " ".join(self.command) or (self.new if isinstance(self.new, str) else self.old)
        return f"{self.file or 'command'}: {' '.join(shown.split())[:48]}"

    def text(self) -> bytes:
        """The file as it is wrong."""
        assert self.file is not None
        right = RIGHT[self.file]
        if callable(self.new):
            return self.new(right)
        assert right.count(self.old) >= 1, self
        return right.replace(self.old, self.new, 1).encode()


def _latin(text: str) -> bytes:
    return text.replace("season", "Säson").replace("Old three", "Old Zwölf").encode("cp1252")


def _utf16(text: str) -> bytes:
    return text.encode("utf-16")


def _letters(text: str) -> bytes:
    return text.replace("Old three", "Old Größe").encode("cp1252")


def _is(text: str) -> Callable[[str], bytes]:
    return lambda _: text.encode()


def _command(*words: str, fill: str | None = None) -> Wrong:
    return Wrong(None, "", "", 0, fill, words)


_PROTECT = "    protect:\n"
WRONG = (
    # ---- the project file
    Wrong(P, "driver: batch-cep", "driver: batch-cpe", 7),
    Wrong(P, "kind: Project", "kind: Projekt", 2),
    Wrong(P, "apiVersion: reconciler/v1", "apiVersion: reconciler/v2", 1),
    Wrong(P, "restApiKey: {env: CEP_KEY}", "restApiKey: abc123secret", 10),
    Wrong(P, "        project: project_1\n", "", 8, "project_1"),
    Wrong(P, "per: 1s", "per: 1", 11),
    Wrong(P, "requests: 1,", "requests: 0,", 11),
    Wrong(P, "inventoryMaxAge: 24h", "inventoryMaxAge: 1 day", 18),
    Wrong(P, "running: refuse", "running: deny", 19),
    Wrong(P, "    maxDeletions", "    maxDeletion", 17),
    Wrong(P, "{count: 10}", "{count: ten}", 17),
    Wrong(P, "account: push, match", "account: pusch, match", 21),
    Wrong(P, "kind: deny", "kind: block", 23),
    Wrong(P, "2021-01-04", "04.01.2021", 23),
    Wrong(P, "    inventoryMaxAge", "\tinventoryMaxAge", 18),
    Wrong(P, "{name: acme}", "{name: Acme Messaging}", 3),
    Wrong(P, "    sms:\n", "    push:\n", 12),
    Wrong(P, "      limits", "      baseUrl: http://batch.example\n      limits", 11),
    Wrong(P, "Peak freeze}", "Peak freeze, timeZone: Europe/Pariss}", 23),
    Wrong(P, "from: 2020-12-20, to: 2021-01-04", 'schedule: "0 9 * *", duration: 8h', 23),
    Wrong(
        P,
        "from: 2020-12-20, to: 2021-01-04",
        'schedule: "0 25 * * *", duration: 8h',
        23,
        '"0 9 * * *"',
    ),
    Wrong(P, "scope: sms", "scope: sms\n      timeout: 30", 15),
    # ---- manifests
    Wrong(M, "account: push", "account: pusch", 9),
    Wrong(M, "- id: c1", "- ids: c1", 11),
    Wrong(M, "kind: CampaignAbsence", "kind: CampaignAbsense", 2),
    Wrong(M, "name: retire-diwali", "name: Retire Diwali", 4),
    Wrong(M, "until: 2030-01-31", "until: 31/01/2030", 7),
    Wrong(M, "until: 2030-01-31", "until: 2030-02-31", 7),
    Wrong(M, "status: [stopped]", "status: [stoped]", 13),
    Wrong(M, "createdBefore", "created_before", 13),
    Wrong(M, "{min: 1, max: 20}", "{min: 21, max: 20}", 14),
    Wrong(M, "- id: c1", "- id: [c1]", 11),
    Wrong(M, "- id: c1", "- id:", 11, "c1"),
    Wrong(M, "reason: The season is over", "reason: The season: is over", 6),
    Wrong(M, "  owner: lifecycle", "  owner: lifecycle\n  owner: other", 6),
    Wrong(M, "- id: c1", "- id: &x c1", 11),
    Wrong(M, 'name: "Old *"', 'nameRegex: "Old (.*"', 13),
    Wrong(M, 'name: "Old *"', 'nameRegex: "*Old"', 13),
    Wrong(M, 'name: "Old *"', 'name: "Old [*"', 13),
    Wrong(M, 'name: "Old *"', "olderThan: 90", 13),
    Wrong(M, '{name: "Old *", status: [stopped], createdBefore: 2025-01-01}', "{}", 13),
    Wrong(M, "  account: push\n", "", 8, "push"),
    Wrong(M, "UTF-16", _utf16, 1),
    Wrong(M, "Windows-1252", _latin, 6),
    Wrong(M, "reason: The season is over", 'reason: "The season is over', 6),
    Wrong(M, "    - id: c1", "    - id: c1\n      name: One", 11),
    Wrong(M, "    - id: c1", "    - c1", 11),
    # ---- NDJSON
    Wrong(N, '"id": "c1"', '"id": 1', 2),
    Wrong(N, '{"account": "push", "id": "c1"', '{"acount": "push", "id": "c1"', 2),
    Wrong(N, '"stopped"', '"stoped"', 2),
    Wrong(N, '"2024-10-01T09:00:00Z"', "1727773200", 2),
    Wrong(N, '"2024-10-01T09:00:00Z"', '"01/10/2024"', 2),
    Wrong(N, '"id": "c1"', '"id": "c1", "id": "c2"', 2),
    Wrong(N, '"name": "One", ', '"name": "One" ', 2),
    Wrong(N, '"push", "id": "c1"', '"pusch", "id": "c1"', 2),
    Wrong(N, '"id": "c2"', '"id": "c1"', 3),
    Wrong(N, '"complete": true', '"complete": true, "campaigns": 5', 1),
    Wrong(N, '"complete": true', '"complete": "yes"', 1),
    Wrong(N, "a JSON document", _is(JSON), 1),
    Wrong(N, "CSV", _is(CSV), 1),
    Wrong(N, "Windows-1252", _latin, 4),
    Wrong(N, "UTF-16", _utf16),
    Wrong(N, NOW, "2099-01-01T00:00:00Z", 1, f'"{NOW}"'),
    # ---- CSV
    Wrong(C, "account,id", "account,Id No", 1),
    Wrong(C, "push,c1", "push,6.75E+23", 2),
    Wrong(C, "push,c1", "push,1.0", 2),
    Wrong(C, "dates", lambda text: text.replace("2024-10-01T09:00:00Z", "01/10/2024").encode(), 2),
    Wrong(C, "acount", lambda text: text.replace("account", "acount").encode(), 1),
    Wrong(C, "bars", lambda text: text.replace(",", "|").encode(), 1),
    Wrong(C, "Windows-1252", _latin, 4),
    Wrong(C, "UTF-16", _utf16),
    Wrong(C, "two letters that follow each other", _letters, 4),
    Wrong(C, "sep=|", lambda text: f"sep=|\n{text.replace(',', '|')}".encode(), 1),
    Wrong(
        C, "no account", lambda text: text.replace("account,", "").replace("push,", "").encode(), 1
    ),
    Wrong(
        C, "seconds", lambda text: text.replace("2024-10-01T09:00:00Z", "1727773200").encode(), 2
    ),
    Wrong(C, "name,", "Titel,", 1),
    Wrong(C, "push,c2,Two", 'push,c2,"Two', 3),
    Wrong(C, "a JSON document", _is(JSON), 1),
    Wrong(C, "push,c1,", "push,,", 2),
    Wrong(C, "stopped", "Gestoppt", 2),
    # ---- JSON and YAML
    Wrong(J, '"campaigns": [', '"campaign": [', 10),
    Wrong(J, '"kind": "Inventory"', '"kind": "Inventar"', 3),
    Wrong(J, "  },\n", "  }\n", 18),
    Wrong(J, '"id": "c1"', "'id': \"c1\"", 13),
    Wrong(J, "NDJSON", _is(NDJSON), 1),
    Wrong(Y, "status: stopped", "status: stoped", 6),
    Wrong(Y, "id: c1", "id: c1, id: c2", 6),
    Wrong(Y, "complete: true", "compleat: true", 4),
    # ---- the command line
    _command("validat"),
    _command("plan", "--inventroy", N),
    _command("plan", "--inventory", N, "--account", "pusch"),
    _command("plan", "--inventory", N, "--manifest", "nope"),
    _command("plan", "--inventory", N, "--format", "jsn"),
    _command("plan", "--inventory", N, "--report", "hmtl=x.html", fill=None),
    _command("plan", "--inventory", N, "--report", "html", fill="html=x.html"),
    _command("plan", "--inventory", C, "--captured-at", "yesterday", fill=NOW),
    _command("plan", "--inventory", C, "--captured-at", NOW, "--map", "id", fill="id=id"),
    _command("drivers", "batch"),
    _command("schema", "plans"),
)

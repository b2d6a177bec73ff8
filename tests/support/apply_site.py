"""A project with all five accounts, its vendors in the sandbox, the commands in this process."""

import json
import sqlite3
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import main
from reconciler.sandbox import create_app, serve
from reconciler.sandbox.server import bound

KEYS = {
    "CEP_KEY": "sandbox-cep-key",
    "MEP_APP": "sandbox-mep-app",
    "MEP_KEY": "sandbox-mep-key",
    "KORE_SECRET": "sandbox-secret",
    "OZO_KEY": "sandbox-ozo-key",
    "CELL_KEY": "sandbox-cell-key",
}
ACCOUNTS = {
    "push": "driver: batch-cep, settings: {project: project_1, restApiKey: {env: CEP_KEY}}, "
    "baseUrl: URL/batch, limits: {requests: 50, per: 1s, concurrency: 1}",
    "ios": "driver: batch-mep, settings: {apiKey: {env: MEP_APP}, restApiKey: {env: MEP_KEY}}, "
    "baseUrl: URL/batch, limits: {requests: 50, per: 1s, concurrency: 1}",
    "contact": "driver: kore, settings: {host: platform.kore.ai, streamId: st-1, accountId: acc-1, "
    "clientId: sandbox-client, clientSecret: {env: KORE_SECRET}}, "
    "baseUrl: URL/kore, limits: {requests: 50, per: 1s, concurrency: 4}",
    "dialer": "driver: ozonetel, settings: {userName: acme, apiKey: {env: OZO_KEY}}, "
    "baseUrl: URL/ozonetel, limits: {requests: 5, per: 1s, concurrency: 1}",
    "sms": "driver: cellcast, settings: {apiKey: {env: CELL_KEY}}, "
    "baseUrl: URL/cellcast, limits: {requests: 50, per: 1s, concurrency: 4}",
}
TENANTS = {
    "push": ("batch-cep", {"project": "project_1"}),
    "ios": ("batch-mep", {}),
    "contact": ("kore", {}),
    "dialer": ("ozonetel", {}),
    "sms": ("cellcast", {}),
}
NUMBERS = ["918187867008", "919876543210"]


def campaigns() -> list[dict[str, Any]]:
    """Three of each account to delete (named old), and two that stay."""
    found: list[dict[str, Any]] = []
    for account in ("push", "ios", "contact"):
        channel = {"channel": "sms"} if account == "contact" else {}
        for kind, number in (("old", 3), ("new", 2)):
            found += [
                {
                    "account": account,
                    "id": f"{account}-{kind}-{n}",
                    "name": f"{kind} {n}",
                    "status": "stopped",
                    "createdAt": "2024-01-01T00:00:00Z",
                    **channel,
                }
                for n in range(number)
            ]
    for n in range(2):
        found.append(
            {"account": "dialer", "id": f"d{n}", "name": f"old {n}", "phoneNumbers": NUMBERS}
        )
    found.append({"account": "dialer", "id": "d9", "name": "new", "phoneNumbers": NUMBERS[:1]})
    for n in range(3):
        found.append(
            {
                "account": "sms",
                "id": f"67516{n:019x}",
                "name": f"old {n}" if n else "new",
                "status": "scheduled",
                "channel": "sms",
            }
        )
    return found


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Site:
    """The project's folder, the sandbox's address, and what the commands printed last."""

    root: Path
    url: str
    capsys: pytest.CaptureFixture[str] | None = None  # None: nothing is run in this process
    accounts: dict[str, str] = field(default_factory=lambda: dict(ACCOUNTS))
    guards: str = "maxDeletions: {count: 100}"
    more: str = ""  # further lines of the project's spec
    out: str = ""
    err: str = ""

    def write(self, *, url: str | None = None) -> None:
        lines = [f"    {k}: {{{v}}}" for k, v in self.accounts.items()]
        text = "\n".join(lines).replace("URL", url or self.url)
        (self.root / "reconciler.yaml").write_text(
            "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: site}\nspec:\n"
            f"  accounts:\n{text}\n  guards: {{{self.guards}}}\n{self.more}"
        )

    def leave(self, account: str) -> None:
        """Only *account*, its manifest and its campaigns; `write` writes the project."""
        for one in self.accounts.keys() - {account}:
            (self.root / "manifests" / f"{one}.yaml").unlink()
        self.accounts = {account: self.accounts[account]}
        self.inventory([one for one in campaigns() if one["account"] == account])

    def manifest(self, *accounts: str, keep: str = "", name: str = "old *") -> None:
        (self.root / "manifests").mkdir(exist_ok=True)
        for one in accounts:
            kept = f"\n  keep: [{{id: {keep}}}]" if keep.startswith(one) else ""
            (self.root / "manifests" / f"{one}.yaml").write_text(
                "apiVersion: reconciler/v1\nkind: CampaignAbsence\n"
                f"metadata: {{name: retire-{one}, owner: qa, reason: over, ticket: CHG-1}}\n"
                f'spec:\n  account: {one}\n  absent: [{{match: {{name: "{name}"}}}}]{kept}\n'
            )

    def inventory(
        self, records: Sequence[dict[str, Any]] | None = None, *, age: timedelta | None = None
    ) -> None:
        chosen = campaigns() if records is None else records
        at = stamp(datetime.now(UTC) - (age or timedelta(hours=1)))
        known = sorted({one["account"] for one in chosen})
        facts = {
            one: {
                "complete": one not in ("dialer", "sms"),
                "campaigns": sum(r["account"] == one for r in chosen),
                "capturedAt": at,
            }
            for one in known
        }
        head = {"apiVersion": "reconciler/v1", "kind": "Inventory", "accounts": facts}
        lines = [head, *chosen]
        text = "".join(json.dumps(one) + "\n" for one in lines)
        (self.root / "inventory.ndjson").write_text(text)

    def run(self, *arguments: str) -> int:
        assert self.capsys is not None
        self.capsys.readouterr()
        code = main(list(arguments))
        said = self.capsys.readouterr()
        self.out, self.err = said.out, said.err
        return int(code)

    def plan(self, *options: str, code: int = 0) -> dict[str, Any]:
        assert self.run("plan", "--out", "plan.json", *options) == code, self.err
        found: dict[str, Any] = json.loads((self.root / "plan.json").read_bytes())
        return found

    def apply(self, *options: str, plan: str = "plan.json") -> int:
        return self.run("apply", plan, *options)

    def report(self, *options: str) -> tuple[int, dict[str, Any]]:
        code = self.apply("--format", "json", *options)
        assert self.out, self.err
        found: dict[str, Any] = json.loads(self.out)
        return code, found

    def outcomes(self, *options: str) -> tuple[int, dict[str, str]]:
        """Exit code, and outcome by ACCOUNT/ID (and #PART)."""
        code, report = self.report("--show-numbers", *options)
        return code, {
            f"{one['account']}/{one['id']}" + (f"#{one['part']}" if one["part"] else ""): one[
                "outcome"
            ]
            for one in report["targets"]
        }

    def ledger(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/__ledger") as answer:
            rows: list[dict[str, Any]] = json.load(answer)["requests"]
        return rows

    def effects(self) -> list[str]:
        return sorted(one for row in self.ledger() for one in row["effect"])

    def age(self, seconds: float) -> None:
        """Let the journal's doubts be older than they are."""
        with closing(sqlite3.connect(self.root / ".reconciler" / "state.db")) as db, db:
            db.execute(
                "UPDATE targets SET last_byte_at=last_byte_at-?, seen_at=seen_at-?",
                (seconds, seconds),
            )
        db.close()


@contextmanager
def sandbox(*faults: str, port: int = 0, records: Any = None, speed: float = 500) -> Iterator[str]:
    chosen = campaigns() if records is None else records
    with serve(create_app(chosen, TENANTS, speed, faults), port) as url:
        yield url


def free_port() -> int:
    one = bound(0)
    port: int = one.getsockname()[1]
    one.close()
    return port

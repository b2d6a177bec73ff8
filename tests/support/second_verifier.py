"""A second verifier of evidence, written from docs/audit-format.md alone."""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import quote, unquote

LINKS = {"seq", "prev", "hash"}
OUTCOMES = {"deleted", "already-absent", "refused", "drifted", "pending", "in-doubt"}
SSH = {"TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"}


class Bad(Exception):
    """(member, record or None, why)"""


def need(holds, member, why, seq=None):
    if not holds:
        raise Bad(member, seq, why)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain(data, told):
    seq, prev, member = told["first"], None, "audit.ndjson"
    lines = data.split(b"\n")
    for line in lines[:-1]:
        try:
            record = json.loads(line)
            need(canonical(record) == line, member, "not canonical", seq)
            body = canonical({key: record[key] for key in record.keys() - {"hash"}})
            need(record.keys() == LINKS or sha(body) == record["hash"], member, "hash", seq)
        except (ValueError, KeyError, AttributeError) as error:
            raise Bad(member, seq, "not a record") from error
        need(record["seq"] == seq <= told["last"], member, "missing", seq)
        need(prev in (None, record["prev"]), member, "prev", seq)
        seq, prev = seq + 1, record["hash"]
        yield record
    need(not lines[-1] and seq == told["last"] + 1, member, "missing", seq)
    need(told["records"] == seq - told["first"], member, "count", seq)
    need(prev == told["hash"], member, "not the last", told["last"])


def targets(actions):
    def part(text):
        return "".join(c if c.isprintable() and c not in "/#%" else quote(c, safe="") for c in text)

    for one in actions:
        whole = f"{part(one['account'])}/{part(one['id'])}" if one["action"] == "delete" else None
        parts = one["parts"] if one["parts"] is not None else [None]
        yield from (whole if p is None else f"{whole}#{part(p)}" for p in parts if whole)


def people(files, manifest, author, start):
    """Who signed: a name counts once, a key counts once, the author and requesters never."""
    barred = {author, *start.get("requestedBy", ())}
    for name, others in start.get("approvals", {}).get("aliases", {}).items():
        barred |= {name, *others} if barred & {name, *others} else set()
    barred, names, keys = {name.lower() for name in barred}, set(), set()
    when = f"-Overify-time={''.join(filter(str.isdigit, start['at']))[:14]}"
    plan_name = next(m["source"] for m in manifest["members"] if m["path"] == "plan.json")
    with tempfile.TemporaryDirectory() as folder:
        allowed, revoked, sig = (Path(folder, name) for name in ("allowed", "revoked", "sig"))
        allowed.write_bytes(files["allowed_signers"])
        revoked.write_bytes(files.get("allowed_signers.revoked", b""))

        def ask(action, *words):
            words = ["ssh-keygen", "-Y", action, when, "-f", allowed, "-s", sig, *words]
            data = files["plan.json"]
            return subprocess.run(words, input=data, capture_output=True, env=SSH, check=False)

        for one in (m for m in manifest["members"] if m["path"].startswith("signatures/")):
            sig.write_bytes(files[one["path"]])
            known = ask("find-principals").stdout.decode().splitlines()
            for name in [unquote(one["source"][len(plan_name) + 1 : -4]), *known]:
                said = ask("verify", "-I", name, "-n", "reconciler-plan", "-r", revoked)
                key, group = said.stdout.split()[-1:], {n.lower() for n in (name, *known)}
                if said.returncode == 0 and key and key[0] not in keys and not group & barred:
                    keys.add(key[0])
                    names.add(name.lower())
                    break
    return names


def records(files, manifest, plan):
    """The audit's records: what became of each target, and the report's digest."""
    planned, runs, ended, judged = set(targets(plan["actions"])), {}, set(), set()
    requests, intended, outcomes, report = set(), set(), {}, None
    for r in [*chain(files["audit.ndjson"], manifest["audit"])] if manifest["audit"] else ():
        if "plan" not in r:
            continue
        seq, kind, run, at = r["seq"], r["type"], r["run"], "audit.ndjson"
        need(r["plan"] == manifest["plan"], at, "another plan", seq)
        need(kind == "run-started" or run in runs, at, "no run-started", seq)
        if kind == "run-started":
            runs[run] = r
        elif kind == "intent":
            need({*r["targets"]} <= planned and run not in ended, at, "not planned, or late", seq)
            start, author = runs[run], plan["metadata"]["author"]
            most = start.get("approvals", {}).get("required", 0)
            most = max(plan["approvals"]["required"], most)
            if run not in judged and most and "approvals" not in start.get("waived", ()):
                enough = author and len(people(files, manifest, author, start)) >= most
                need(enough, "signatures", "too few", start["seq"])
            judged.add(run)
            intended.update(r["targets"])
            requests.add(r["request"])
        elif kind == "outcome":
            need(r["status"] is None or r["request"] in requests, at, "no intent", seq)
        elif kind == "target":
            answered = (r["outcome"], r["evidence"]) == ("deleted", "answer")
            need(r["target"] in planned and r["outcome"] in OUTCOMES, at, "not planned", seq)
            need(not answered or r["target"] in intended, at, "no intent", seq)
            outcomes[r["target"]] = r["outcome"]
        elif kind == "run-ended":
            ended.add(run)
            report = r.get("report") or report
    return outcomes, report


def members(path):
    with tarfile.open(path, "r:gz") as tar:
        entries = tar.getmembers()
        names = [one.name for one in entries]
        plain = all(one.isreg() for one in entries) and len({*names}) == len(names)
        need(plain and names[:1] == ["MANIFEST.json"], "archive", "not as described")
        files = {one.name: tar.extractfile(one).read() for one in entries}
    manifest = json.loads(files["MANIFEST.json"])
    need(manifest["kind"] == "Evidence", "MANIFEST.json", "another kind")
    for one in manifest["members"]:
        data, name = files.get(one["path"]), one["path"]
        if data is None or (sha(data), len(data)) != (one["sha256"], one["bytes"]):
            if data is not None and name == "audit.ndjson":
                list(chain(data, manifest["audit"]))
            raise Bad(name, None, "missing or changed")
    listed = {"MANIFEST.json", *(one["path"] for one in manifest["members"])}
    need(files.keys() == listed, "MANIFEST.json", "does not list a member")
    need((manifest["audit"] is None) == ("audit.ndjson" not in files), "audit.ndjson", "missing")
    return files, manifest


def verify(path):
    """Raise Bad at the first thing that does not hold."""
    try:
        files, manifest = members(path)
        need(f"sha256:{sha(files['plan.json'])}" == manifest["plan"], "plan.json", "another plan")
        plan = json.loads(files["plan.json"])
        due = [plan["inputs"]["project"], *plan["inputs"]["manifests"]]
        due = {one["path"]: one["sha256"].removeprefix("sha256:") for one in due}
        packed = [one for one in manifest["members"] if one["path"].startswith("inputs/")]
        for one in packed:
            need(due.pop(one["source"], None) == one["sha256"], one["path"], "not as planned")
        need(due.keys() <= {m["source"] for m in manifest["missing"]}, "MANIFEST.json", "inputs")
        outcomes, recorded = records(files, manifest, plan)
        report = json.loads(files.get("report.json", b'{"targets":[]}'))
        need(report.get("plan", manifest["plan"]) == manifest["plan"], "report.json", "plan")
        need(recorded in (None, sha(files.get("report.json", b""))), "report.json", "changed")
        for one in report["targets"]:
            part = None if one["part"] is None else [one["part"]]
            (target,) = targets([{**one, "action": "delete", "parts": part}])
            said = outcomes.get(target, one["outcome"] if one["outcome"] != "deleted" else None)
            final = one["outcome"] in ("deleted", "already-absent")
            need(not final or said == one["outcome"], "report.json", target)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError) as error:
        raise Bad("archive", None, repr(error)) from error
    except tarfile.TarError as error:
        raise Bad("archive", None, repr(error)) from error


if __name__ == "__main__":
    try:
        verify(sys.argv[1])
        print("verified")
    except Bad as bad:
        sys.exit(f"not verified: {bad}")

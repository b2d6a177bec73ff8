"""A second verifier of evidence, from docs/audit-format.md alone: no line of it is reconciler's."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from urllib.parse import quote, unquote


class Bad(Exception):
    def __init__(self, member, why, seq=None):
        super().__init__(f"{member} {'' if seq is None else seq}: {why}")
        self.member, self.seq = member, seq


def need(true, member, why, seq=None):
    if not true:
        raise Bad(member, why, seq)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def load(data, member, seq=None):
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Bad(member, "is not JSON", seq) from None


def chain(data, told):
    seq, prev, records = told["first"], None, []
    for line in data.splitlines(keepends=True) if data else []:
        need(line.endswith(b"\n"), "audit.ndjson", "torn", seq)
        record = load(line, "audit.ndjson", seq)
        need(isinstance(record, dict) and canonical(record) + b"\n" == line, "audit.ndjson", "odd", seq)
        digest = record.get("hash")
        stub = record.keys() == {"seq", "prev", "hash"}
        body = canonical({k: v for k, v in record.items() if k != "hash"})
        need(stub or sha(body) == digest, "audit.ndjson", "hash", seq)
        need(record["seq"] == seq and seq <= told["last"], "audit.ndjson", "missing", seq)
        need(prev in (None, record["prev"]), "audit.ndjson", "prev", seq)
        seq, prev = seq + 1, digest
        records.append(record)
    need(seq == told["last"] + 1 == told["first"] + told["records"], "audit.ndjson", "missing", seq)
    need(prev == told["hash"], "audit.ndjson", "last", seq)
    return [r for r in records if r.keys() != {"seq", "prev", "hash"}]


def planned(plan):
    def enc(t):
        return "".join(c if c.isprintable() and c not in "/#%" else quote(c, safe="") for c in t)

    found = set()
    for one in plan["actions"]:
        if one["action"] == "delete":
            whole = f"{enc(one['account'])}/{enc(one['id'])}"
            found |= {whole} if one["parts"] is None else {f"{whole}#{enc(p)}" for p in one["parts"]}
    return found


def signers(files, manifest, start, plan):
    """Names by person, simply: a key counts once, a name counts once."""
    seen = start["approvals"]
    barred = {plan["metadata"]["author"], *start["requestedBy"]}
    barred |= {n for k, v in seen["aliases"].items() if barred & {k, *v} for n in (k, *v)}
    lowered, keys, names = {n.lower() for n in barred}, set(), set()
    when = "-Overify-time=" + re.sub(r"\D", "", start["at"])[:14]
    plan_name = next(m["source"] for m in manifest["members"] if m["path"] == "plan.json")
    with tempfile.TemporaryDirectory() as folder:
        allowed, sig = os.path.join(folder, "allowed"), os.path.join(folder, "sig")
        revoked = os.path.join(folder, "revoked")

        def put(path, data):
            with open(path, "wb") as file:
                file.write(data)

        def ask(*words, data=b""):
            return subprocess.run(["ssh-keygen", "-Y", *words], input=data, capture_output=True, env={"TZ": "UTC", "PATH": os.defpath})

        put(allowed, files["allowed_signers"])
        put(revoked, files.get("allowed_signers.revoked", b""))
        extra = ["-r", revoked] if "allowed_signers.revoked" in files else []
        for one in manifest["members"]:
            if one["path"].startswith("signatures/"):
                put(sig, files[one["path"]])
                found = ask("find-principals", when, "-s", sig, "-f", allowed).stdout.decode().splitlines()
                claimed = unquote(one["source"][len(plan_name) + 1 : -4])
                for name in [claimed, *found]:
                    said = ask("verify", when, "-f", allowed, "-I", name, "-n", "reconciler-plan", "-s", sig, *extra, data=files["plan.json"])
                    key = said.stdout.decode().strip().rpartition(" ")[2]
                    if said.returncode == 0 and key not in keys and not lowered & {n.lower() for n in (name, *found)}:
                        keys.add(key)
                        names.add(name.lower())
                        break
    return names


def verify(path):
    """Raise Bad, naming the first thing that does not hold."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            entries = tar.getmembers()
            need(all(e.isreg() for e in entries), "archive", "not a file")
            need(len({e.name for e in entries}) == len(entries), "archive", "twice")
            need(entries and entries[0].name == "MANIFEST.json", "MANIFEST.json", "not first")
            files = {e.name: tar.extractfile(e).read() for e in entries}
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Bad("archive", str(error)) from error
    manifest = load(files["MANIFEST.json"], "MANIFEST.json")
    need(manifest.get("kind") == "Evidence", "MANIFEST.json", "kind")
    listed, told = {m["path"]: m for m in manifest["members"]}, manifest["audit"]
    need(("audit.ndjson" in files) == (told is not None), "audit.ndjson", "missing")
    for name, one in listed.items():
        need(name in files, name, "missing")
        if sha(files[name]) != one["sha256"] or len(files[name]) != one["bytes"]:
            if name == "audit.ndjson":
                chain(files[name], told)
            raise Bad(name, "digest")
    need(files.keys() == listed.keys() | {"MANIFEST.json"}, "MANIFEST.json", "unlisted member")
    need("sha256:" + sha(files.get("plan.json", b"")) == manifest["plan"], "plan.json", "digest")
    plan = load(files["plan.json"], "plan.json")
    inputs = {i["path"]: i["sha256"] for i in (plan["inputs"]["project"], *plan["inputs"]["manifests"])}
    packed = {m["source"]: m["sha256"] for m in listed.values() if m["path"].startswith("inputs/")}
    gone = {m["source"] for m in manifest["missing"]}
    for source, digest in packed.items():
        need(inputs.get(source, "").removeprefix("sha256:") == digest, "inputs", source)
    need(inputs.keys() <= packed.keys() | gone, "MANIFEST.json", "says nothing of an input")
    targets, runs, ended, requests, intended, outcomes, judged = planned(plan), {}, set(), set(), set(), {}, set()
    report_sha = None
    for r in chain(files["audit.ndjson"], told) if told else []:
        seq, kind, run = r["seq"], r["type"], r.get("run")
        if "plan" not in r:
            continue
        need(r["plan"] == manifest["plan"], "audit.ndjson", "plan", seq)
        need(kind == "run-started" or run in runs, "audit.ndjson", "run", seq)
        if kind == "run-started":
            runs[run] = r
        elif kind == "intent":
            need(set(r["targets"]) <= targets and run not in ended, "audit.ndjson", "intent", seq)
            intended |= set(r["targets"])
            requests.add((run, r["request"]))
            start = runs[run]
            required = max(plan["approvals"]["required"], start["approvals"]["required"])
            if required and run not in judged and "approvals" not in start["waived"]:
                need(plan["metadata"]["author"], "signatures", "no author", start["seq"])
                need("allowed_signers" in files, "allowed_signers", "missing")
                need(len(signers(files, manifest, start, plan)) >= required, "signatures", "too few", start["seq"])
            judged.add(run)
        elif kind == "outcome":
            need((run, r["request"]) in requests, "audit.ndjson", "no intent", seq)
        elif kind == "target":
            need(r["target"] in targets, "audit.ndjson", "not planned", seq)
            need(r["outcome"] in "deleted already-absent refused drifted pending in-doubt".split(), "audit.ndjson", "outcome", seq)
            answered = (r["outcome"], r["evidence"]) == ("deleted", "answer")
            need(not answered or r["target"] in intended, "audit.ndjson", "no intent", seq)
            outcomes[r["target"]] = r["outcome"]
        elif kind == "run-ended":
            ended.add(run)
            report_sha = r.get("report") or report_sha
    if "report.json" in files:
        report = load(files["report.json"], "report.json")
        need(report["plan"] == manifest["plan"], "report.json", "plan")
        need(report_sha in (None, sha(files["report.json"])), "report.json", "not the recorded one")
        for one in report["targets"]:
            fake = {"action": "delete", "account": one["account"], "id": one["id"], "parts": one["part"] and [one["part"]]}
            (target,) = planned({"actions": [fake]})
            final = one["outcome"] in ("deleted", "already-absent")
            free = one["outcome"] != "deleted" and target not in outcomes
            need(not final or free or outcomes.get(target) == one["outcome"], "report.json", target)


if __name__ == "__main__":
    try:
        verify(sys.argv[1])
    except Bad as bad:
        sys.exit(f"not verified: {bad}")
    print("verified")

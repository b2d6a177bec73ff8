"""A merge request played through: plan, approval, merge, on a stand-in of GitLab."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.sandbox import serve
from tests.support.apply_site import KEYS, Site
from tests.support.gitlab_host import JOB, READ, MergeHost, app

HEAD, OTHER, MERGE = "1" * 40, "2" * 40, "3" * 40
PLANNED = {"name": "reconciler:plan", "status": "success"}
BIN = Path(sys.executable).parent


@dataclass
class MergeRequest:
    """A checkout, a merge request at the stand-in, and the jobs that run for it."""

    site: Site
    host: MergeHost
    patch: pytest.MonkeyPatch
    root: Path
    script: str
    said: str = ""

    def plan_job(self, job: int = 61) -> None:
        self.patch.setenv("RECONCILER_COMMIT", HEAD)
        made = self.root / f"plan-{job}.json"
        assert self.site.run("plan", "--out", str(made)) == 0, self.site.err
        self.host.artifacts[job] = made

    def approve(self, job: int = 61) -> None:
        """Ann takes the artefact, signs it at home, and puts the signature into a comment."""
        home = self.root / "home-of-ann"
        shutil.copytree(self.site.root, home)
        shutil.copy(self.host.artifacts[job], home / "plan.json")
        self.patch.chdir(home)
        code = self.site.run("approve", "plan.json", "--key", str(self.root / "ann"), "--yes")
        assert code == 0, self.site.err
        self.patch.chdir(self.site.root)
        (signature,) = home.glob("plan.json.*.sig")
        text = signature.read_text().replace("\n", "\r\n")  # as a browser sends it
        self.host.say(f"Fine with me.\r\n\r\n```\r\n{text}```\r\n")

    def apply_job(self, **more: str) -> int:
        """What `.gitlab-ci.yml` says that the job does after the merge."""
        environ = {**os.environ, **KEYS, "CI_JOB_TOKEN": JOB, "CI_DEFAULT_BRANCH": "main", **more}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.script],
            cwd=self.site.root,
            env=environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        self.said = done.stdout + done.stderr
        assert READ not in self.said
        assert JOB not in self.said
        return done.returncode


def flat(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for one in value:
            yield from flat(one)


@pytest.fixture
def asked(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MergeRequest]:
    """The project asks for one approval; ann's key is in the agent's place: a file."""
    site.leave("push")
    key = tmp_path / "ann"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=30
    )
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    (site.root / "allowed_signers").write_text(f"ann@acme.example {public}\n")
    site.guards += ", approvals: {required: 1, allowedSigners: allowed_signers}"
    site.write()
    written = tmp_path / "written"
    written.mkdir()
    assert site.run("-C", str(written), "init", "--ci", "gitlab", "--yes") == 0, site.err
    monkeypatch.chdir(site.root)
    job = yaml.safe_load((written / ".gitlab-ci.yml").read_text())["reconciler:apply"]
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    host = MergeHost()
    host.merge(6, HEAD, state="closed")  # others have the commit too
    host.merge(7, HEAD, state="merged", merge_commit_sha=MERGE)
    with serve(app(host)) as url:
        for name, value in {
            "CI_API_V4_URL": f"{url}/api/v4",
            "CI_PROJECT_ID": "5",
            "CI_COMMIT_SHA": MERGE,
            "RECONCILER_READ_TOKEN": READ,
            "GITLAB_USER_LOGIN": "octocat",
        }.items():
            monkeypatch.setenv(name, value)
        yield MergeRequest(site, host, monkeypatch, tmp_path, "\n".join(flat(job["script"])))


def test_the_plan_that_was_reviewed_and_signed_is_applied(asked: MergeRequest) -> None:
    for job in (60, 61, 62):
        asked.plan_job(job)
    asked.host.ran(40, HEAD, PLANNED | {"id": 60})
    asked.host.ran(41, HEAD, PLANNED | {"id": 61}, {"id": 63, "name": "x", "status": "success"})
    asked.host.ran(42, OTHER, PLANNED | {"id": 62})
    asked.host.ran(43, HEAD, PLANNED | {"id": 62}, project_id=9)  # a fork's own
    asked.host.ran(44, HEAD, PLANNED | {"id": 62}, source="push")
    asked.host.say("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----")
    asked.host.say("commented", system=True)
    asked.approve(61)
    assert asked.apply_job() == 0, asked.said
    assert "merge request 7, job 61, 2 signatures" in asked.said
    assert asked.site.effects() == ["push/push-old-0", "push/push-old-1", "push/push-old-2"]


def test_a_signature_of_another_plan_does_not_count(asked: MergeRequest) -> None:
    asked.plan_job(61)
    asked.approve(61)
    asked.site.manifest("push", keep="push-old-1")
    asked.plan_job(62)
    asked.host.ran(40, HEAD, PLANNED | {"id": 61})
    asked.host.ran(41, MERGE, PLANNED | {"id": 62}, ref="refs/merge-requests/7/merge")
    assert asked.apply_job() == 3, asked.said
    assert "job 62" in asked.said
    assert asked.site.effects() == []


def test_who_opened_the_merge_request_cannot_approve_it(asked: MergeRequest) -> None:
    rule = "allowedSigners: allowed_signers"
    asked.site.guards = asked.site.guards.replace(
        rule, f"{rule}, aliases: {{octocat: [ann@acme.example]}}"
    )
    asked.site.write()
    asked.patch.setenv("GITLAB_USER_LOGIN", "somebody-else")  # what a plan job of ann's may say
    asked.plan_job()
    asked.host.ran(41, HEAD, PLANNED | {"id": 61})
    asked.approve()
    assert asked.apply_job() == 3, asked.said
    assert asked.site.effects() == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"RECONCILER_READ_TOKEN": ""}, ""),
        ({"RECONCILER_ANEW": "true"}, ""),
        ({"CI_COMMIT_SHA": OTHER}, "not the merge of a merge request"),
        ({}, "no job reconciler:plan that made a plan"),
    ],
)
def test_where_nothing_was_reviewed_it_plans_anew_and_nobody_approved_that(
    asked: MergeRequest, more: dict[str, str], said: str
) -> None:
    assert asked.apply_job(**more) == 3, asked.said
    assert said in asked.said
    assert "approval" in asked.said
    assert asked.site.effects() == []


def test_a_token_that_may_not_read_stops_the_job(asked: MergeRequest) -> None:
    asked.plan_job()
    asked.host.ran(41, HEAD, PLANNED | {"id": 61})
    assert asked.apply_job(RECONCILER_READ_TOKEN="glpat-other") == 1, asked.said
    assert "401" in asked.said
    assert asked.site.effects() == []


def test_a_plan_that_is_gone_stops_the_job(asked: MergeRequest) -> None:
    asked.host.ran(41, HEAD, PLANNED | {"id": 61})
    assert asked.apply_job() != 0
    assert asked.site.effects() == []


def test_a_squash_that_is_fast_forwarded_is_a_merge_too(asked: MergeRequest) -> None:
    asked.host.merges[-1].update(merge_commit_sha=None, squash_commit_sha=MERGE)
    asked.host.ran(41, HEAD, PLANNED | {"id": 61})
    assert asked.site.run("gitlab", "reviewed", "plan.json") == 0, asked.site.err
    assert "merge request 7, job 61" in asked.site.out


def test_outside_of_a_job_it_is_a_usage_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_COMMIT_SHA", "RECONCILER_READ_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert site.run("gitlab", "reviewed") == 64
    assert "CI_API_V4_URL" in site.err

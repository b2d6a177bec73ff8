"""`init`: a first project that validates, and the CI workflows; nothing overwritten."""

from dataclasses import dataclass
from pathlib import Path

from reconciler import __version__, disk
from reconciler.site import Site

_PROJECT = """\
# What reconciler may touch, and what it must refuse. Keep this file under CODEOWNERS: it is the
# only place that may name a host, a credential source or a limit.
# Its JSON Schema: reconciler schema project
apiVersion: reconciler/v1
kind: Project
metadata:
  name: my-messaging
spec:
  manifests: [manifests]          # folders and globs
  inventory: [inventory.ndjson]   # what exists now; several files are read as one

  accounts:
    push-prod:                    # manifests name this account by this name
      driver: batch-cep           # `reconciler drivers` lists all of them and their settings
      settings:
        project: project_0664hxvwffvbpn278gxdyhsadddqgna6
        restApiKey: {env: BATCH_REST_API_KEY}   # or {file: PATH}; a secret never stands here
      # guards: {maxDeletions: {count: 200}}    # replaces the project's for this account

  guards:
    maxDeletions: {count: 50, percent: 10}   # a plan beyond this is not applicable
    inventoryMaxAge: 24h
    planMaxAge: 7d
    running: refuse               # a running campaign is never deleted without a waiver
    require: [owner, reason]      # what every manifest must say; also: ticket
    # ticketPattern: CHG-\\d{4,}
    # protect:
    #   - {account: push-prod, match: {labels: {tier: evergreen}}, because: Legal hold LH-7}
    # windows:
    #   - {kind: allow, schedule: "0 9 * * 1-4", duration: 8h, timeZone: Europe/Paris}
    #   - {kind: deny, from: 2026-12-20, to: 2027-01-04, because: Peak freeze}
    # approvals: {required: 2, above: 10, allowedSigners: .github/allowed_signers}

  # waivers:                      # one guard, one target, until a day
  #   - {guard: running, account: push-prod, id: orchestration_..., because: Wrong audience,
  #      ticket: CHG-1001, until: 2026-12-01}
"""

_AFTER_SETTINGS = "      # guards: {maxDeletions: {count: 200}}"
_LOOK = """\
      before: look                # CI brings the journal from a cache, which may be an old one
"""

_MANIFEST = """\
# Campaigns that should no longer exist. Change by pull request; `reconciler plan` shows what it
# means before anything happens. Its JSON Schema: reconciler schema manifest
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata:
  name: retire-example            # unique in the project
  owner: lifecycle-marketing
  reason: An example; replace it with your own
spec:
  account: push-prod
  absent:
    - name: Example campaign that nobody has   # exact
    # - id: orchestration_0664hyh918hr1gnzka9py5t62nrc0e1f
    # - match:                    # all conditions must hold
    #     name: "Diwali 2024 *"   # glob over the whole name
    #     status: [draft, stopped]
    #     createdBefore: 2025-01-01
    #   expect: {max: 20}         # more than that: refused
  # keep:                         # exceptions, for the whole project
  #   - id: orchestration_...
"""

_IGNORED = (".reconciler/", "plan.json", "plan.json.*.sig", "plan.md", "report.md")

# The bare name `reconciler` belongs to another project on the index. Until ours is published, its
# repository at the tag of this version is what a workflow installs.
_INSTALL = f'pip install "campaign-reconciler @ git+https://github.com/campaign-reconciler/reconciler@v{__version__}"'

_GITHUB = f"""\
# Plan on a pull request, apply on main. A pull request's job holds no vendor credential.
name: reconciler
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read

jobs:
  plan:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    permissions:
      contents: read
      pull-requests: write
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: {_INSTALL}
      - run: reconciler validate --format github
      - run: reconciler plan --out plan.json --report markdown=plan.md
      - name: Summary
        if: always()
        run: if [ -f plan.md ]; then cat plan.md >> "$GITHUB_STEP_SUMMARY"; fi
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: plan
          path: |
            plan.json
            plan.md
          if-no-files-found: ignore
      - name: Comment
        # A fork's token may not comment; the summary shows the plan there.
        if: always() && github.event.pull_request.head.repo.full_name == github.repository
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          GH_REPO: ${{{{ github.repository }}}}
          NUMBER: ${{{{ github.event.pull_request.number }}}}
        run: |
          if [ -f plan.md ]; then
            gh pr comment "$NUMBER" --body-file plan.md --edit-last --create-if-none
          fi

  apply:
    if: github.event_name == 'push'
    runs-on: ubuntu-latest
    environment: production       # its reviewers and secrets
    concurrency:
      group: reconciler-apply
      cancel-in-progress: false   # an apply is never cut off by the next one
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: {_INSTALL}
      - name: Bring the journal of earlier runs
        uses: actions/cache/restore@v4
        with:
          path: .reconciler
          key: reconciler-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: reconciler-
      - run: reconciler plan --out plan.json
      - run: reconciler apply plan.json --yes --report markdown=report.md
        env:
          BATCH_REST_API_KEY: ${{{{ secrets.BATCH_REST_API_KEY }}}}
      - name: Keep the journal, however the apply ended
        # `actions/cache` alone saves nothing after a step that failed: the next run would bring
        # back an older journal, which does not know what this one sent.
        if: always()
        uses: actions/cache/save@v4
        with:
          path: .reconciler
          key: reconciler-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
      - name: Summary
        if: always()
        run: if [ -f report.md ]; then cat report.md >> "$GITHUB_STEP_SUMMARY"; fi
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: run
          path: |
            plan.json
            report.md
            .reconciler
          include-hidden-files: true
          if-no-files-found: ignore
"""

_GITLAB = f"""\
# Plan on a merge request, apply on the default branch. Make the vendor credentials protected
# variables, so that only the apply job has them.
default:
  image: python:3.12
  before_script:
    - {_INSTALL}

reconciler:plan:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - reconciler validate
    - reconciler plan --out plan.json --report markdown=plan.md
  artifacts:
    when: always
    expose_as: Deletion plan
    paths: [plan.md, plan.json]

reconciler:apply:
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  interruptible: false            # an apply is never cut off by the next one
  resource_group: reconciler-apply
  environment: production
  cache:
    key: reconciler
    paths: [.reconciler/]
    when: always
  script:
    - reconciler plan --out plan.json
    - reconciler apply plan.json --yes --report markdown=report.md
  artifacts:
    when: always
    paths: [plan.json, report.md, .reconciler/]
"""

_WORKFLOWS = {
    "github": (".github/workflows/reconciler.yaml", _GITHUB),
    "gitlab": (".gitlab-ci.yml", _GITLAB),
}


@dataclass(frozen=True, slots=True)
class Start:
    """A file of a first project, by the path it is shown with, and what was done about it."""

    path: str
    written: bool
    said: str


def init(site: Site, *, ci: str | None = None) -> list[Start]:
    """Write a commented project file, an example manifest and .gitignore entries.

    *ci*: `github` or `gitlab`, whose workflow is written too. What is there already stays.
    """
    files = {site.config: _PROJECT, "manifests/example.yaml": _MANIFEST}
    if ci is not None:
        # A journal that a cache brings may be an old one: each target is looked at first.
        files[site.config] = _PROJECT.replace(_AFTER_SETTINGS, _LOOK + _AFTER_SETTINGS)
        path, text = _WORKFLOWS[ci]
        files[path] = text
    found = [_write(site.root / path, text, site.shown(path)) for path, text in files.items()]
    return [*found, _ignore(site.root / ".gitignore", site.shown(".gitignore"))]


def _write(place: Path, text: str, shown: str) -> Start:
    if place.exists() or place.is_symlink():
        return Start(shown, False, "left as it is")
    disk.make_folder(place.parent)
    disk.write_whole(place, text.encode())
    return Start(shown, True, "")


def _ignore(place: Path, shown: str) -> Start:
    before = disk.read_file(place) if place.exists() else b""
    there = {line.strip() for line in before.decode("utf-8", "replace").splitlines()}
    new = [entry for entry in _IGNORED if entry not in there]
    if not new:
        return Start(shown, False, "has all entries")
    if before and not before.endswith(b"\n"):
        before += b"\n"
    disk.write_whole(place, before + "".join(f"{entry}\n" for entry in new).encode())
    return Start(shown, True, f"added {', '.join(new)}")

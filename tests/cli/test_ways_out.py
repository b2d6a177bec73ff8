"""Whatever holds a deletion back says what lifts it, and a plan's last line what is next."""

from tests.support.apply_site import Site


def last_line(site: Site) -> str:
    return site.out.strip().splitlines()[-1]


def test_the_last_line_of_a_plan_is_what_is_next(site: Site) -> None:
    site.plan()
    assert last_line(site) == "Apply it with: reconciler apply plan.json"
    closed = "windows: [{kind: deny, from: 2020-01-01, to: 2120-01-01, because: Freeze}]"
    site.guards = f"maxDeletions: {{count: 100}}, {closed}"
    site.write()
    site.plan()
    assert last_line(site).startswith("Next: wait, for the window is closed: ")
    assert "(Freeze)" in last_line(site)
    site.guards += ", approvals: {required: 2, allowedSigners: signers}"
    site.write()
    site.plan()
    assert last_line(site).startswith("Next: 2 people approve it (reconciler approve plan.json")
    site.guards = "maxDeletions: {count: 1}"
    site.write()
    site.plan(code=3)
    assert last_line(site) == "Next: lift what breaks a limit (see above), then plan again"
    assert "To lift it: ask for fewer" in " ".join(site.out.split())


def test_what_apply_refuses_says_what_lifts_it(site: Site) -> None:
    site.plan()
    site.guards = "maxDeletions: {count: 1}"
    site.write()
    assert site.apply("--first-run") == 3
    assert "nothing was sent. To lift it: ask for fewer, raise `maxDeletions`" in site.err
    closed = "windows: [{kind: deny, from: 2020-01-01, to: 2120-01-01}]"
    site.guards = f"maxDeletions: {{count: 100}}, {closed}, waivable: [windows]"
    site.write()
    assert site.apply("--first-run") == 3
    assert "Apply again when it opens, or lift it with --waive windows" in site.err


def test_what_drifted_says_what_lifts_it(site: Site) -> None:
    site.plan("--account", "push")
    text = (site.root / "inventory.ndjson").read_text()
    (site.root / "inventory.ndjson").write_text(text.replace('"old 1"', '"old one"', 1))
    assert site.apply() == 5, site.err
    shown = " ".join(site.out.split())
    assert "Drifted: changed: name" in shown
    assert "To lift it: look at what changed" in shown
    assert "What drifted is left alone" in shown
    assert "apply again" not in shown

"""Plan and report as one self-contained HTML page: no asset from elsewhere, all text escaped.

The page's own style and its one small script (the filter) are allowed by their digests in a
Content-Security-Policy, so nothing that a name could smuggle in would run or load.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator

from reconciler.model import Action, Outcome, PlanDocument, ReportDocument, TargetReport
from reconciler.safe import cap, html
from reconciler.views import words
from reconciler.views.frame import Frame

_MOST = 400  # characters of one cell
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6675;--line:#d9dee6;--page:#fff;
--card:#f6f8fa;--red:#b3261e;--amber:#8a5a00;--green:#1a7037}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa5b4;--line:#333c48;
--page:#14181e;--card:#1c222a;--red:#ff8a80;--amber:#f0b849;--green:#6fcf8d}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:76rem;background:var(--page);
color:var(--ink);font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2.25rem 0 .25rem}
p{margin:.25rem 0}.soft{color:var(--soft)}.red{color:var(--red)}.amber{color:var(--amber)}
.green{color:var(--green)}
code,.id{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.86em;
overflow-wrap:anywhere}
.name{white-space:pre-wrap;overflow-wrap:anywhere}
.counts{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}
.counts div{background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:.5rem 1rem;min-width:7rem}
.counts b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}
.box{border-left:4px solid var(--red);background:var(--card);padding:.6rem 1rem;margin:1rem 0}
.box.amber{border-color:var(--amber);color:inherit}.box ul{margin:.25rem 0;padding-left:1.2rem}
input[type=search]{width:100%;padding:.55rem .8rem;font:inherit;color:inherit;
background:var(--card);border:1px solid var(--line);border-radius:8px;margin-top:1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0}
th{font-size:.8rem;color:var(--soft);font-weight:600;text-align:left;white-space:nowrap}
th,td{padding:.4rem .75rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.day{white-space:nowrap}
details>summary{cursor:pointer;padding:.35rem 0;color:var(--soft)}
[hidden]{display:none}
@media print{body{max-width:none;padding:0;font-size:10pt}input[type=search]{display:none}
tr{break-inside:avoid}.counts div,.box{background:none}}
"""
_SCRIPT = """
const field=document.querySelector('input[type=search]');
field.hidden=false;
field.addEventListener('input',()=>{
const asked=field.value.toLowerCase();
if(asked)document.querySelectorAll('details').forEach(one=>{one.open=true});
document.querySelectorAll('tr[data-row]').forEach(row=>{
row.hidden=!row.textContent.toLowerCase().includes(asked)})});
"""


def _digest(text: str) -> str:
    made = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{made}'"


def _page(title: str, body: Iterable[str]) -> str:
    policy = (
        f"default-src 'none'; style-src {_digest(_STYLE)}; script-src {_digest(_SCRIPT)};"
        " base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{''.join(body)}<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


_SEARCH = (
    '<input type="search" hidden placeholder="Filter by id, name, reason, file"'
    ' aria-label="Filter the tables">\n'
)


# ---------------------------------------------------------------- plan


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """The whole plan; numbers masked."""
    digest = frame.digest
    nothing = words.nothing(plan)
    title = "No changes" if nothing else words.headline(plan)
    yield _page(f"{title} · {_text(plan.metadata.project)}", _plan_body(plan, digest, nothing))


def _plan_body(plan: PlanDocument, digest: str, nothing: bool) -> Iterable[str]:
    mask = words.plan_masker(plan)
    about = plan.metadata
    yield f"<h1>Plan for {_text(about.project)}</h1>\n"
    yield f'<p class="soft">Made {_text(words.minute(about.created_at))}'
    yield f" by {_text(about.author)}" if about.author else ""
    yield f" at commit <code>{_text(about.commit[:12])}</code>" if about.commit else ""
    yield f"; expires {_text(words.minute(about.expires_at))}. With {_text(about.tool)}.</p>\n"
    yield f"<p><code>{_text(digest)}</code></p>\n"
    if nothing:
        yield '<p class="green"><b>' + _text(words.unchanged(plan)) + "</b></p>\n"
    yield _plan_counts(plan)
    if plan.violations:
        yield '<div class="box"><b class="red">This plan cannot be applied</b><ul>\n'
        for one in plan.violations:
            where = f" ({_text(one.account)})" if one.account else ""
            yield f"<li><b>{_text(one.guard)}</b>{where}: {_text(mask(one.message))}</li>\n"
        yield "</ul></div>\n"
    if plan.warnings:
        said = words.count(len(plan.warnings), "warning").capitalize()
        yield f'<div class="box amber"><b class="amber">{said}</b><ul>\n'
        for warning in plan.warnings:
            line = f":{warning.line}" if warning.line is not None else ""
            where = f"<code>{_text(warning.path)}{line}</code>: " if warning.path else ""
            code = f'<span class="soft">{_text(warning.code)}</span>'
            yield f"<li>{where}{_text(mask(warning.message))} {code}</li>\n"
        yield "</ul></div>\n"
    yield _SEARCH
    by_account: dict[str, list[Action]] = {name: [] for name in plan.accounts}
    for action in plan.actions:
        by_account.setdefault(action.account, []).append(action)
    for name, actions in sorted(by_account.items()):
        yield from _plan_account(plan, name, actions, mask)


def _plan_counts(plan: PlanDocument) -> str:
    summary = plan.summary
    boxes = [
        ("to delete", f"{summary.delete:,}", "red"),
        ("refused", f"{summary.refuse:,}", "amber"),
    ]
    if summary.targets != summary.delete:
        boxes.insert(1, ("targets", f"{summary.targets:,}", ""))
    boxes += [
        ("untouched", f"{summary.none:,}", ""),
        ("requests", f"{plan.estimate.requests:,}", ""),
        ("at the limits", words.duration(plan.estimate.seconds), ""),
    ]
    if plan.approvals.required:
        boxes.append(("approvals needed", str(plan.approvals.required), ""))
    return _counts(boxes)


def _counts(boxes: Iterable[tuple[str, str, str]]) -> str:
    cells = "".join(
        f'<div><b class="{style}">{number}</b><span class="soft">{label}</span></div>\n'
        for label, number, style in boxes
    )
    return f'<div class="counts">\n{cells}</div>\n'


def _plan_account(
    plan: PlanDocument, name: str, actions: list[Action], mask: Callable[[str], str]
) -> Iterable[str]:
    facts = plan.accounts.get(name)
    driver = f' <span class="soft">{_text(facts.driver)}</span>' if facts else ""
    yield f"<h2>{_text(name)}{driver}</h2>\n"
    cost = plan.estimate.accounts.get(name)
    said = []
    if facts:
        if facts.instead:
            said.append(f"A deletion there {facts.instead}.")
        created = words.instant(plan.metadata.created_at)
        said.append(f"Inventory: {words.inventory(facts, created)}.")
    if cost and cost.requests:
        requests = words.count(cost.requests, "request")
        said.append(f"{requests}, about {words.duration(cost.seconds)}.")
    yield f'<p class="soft">{_text(" ".join(said))}</p>\n'
    for kind, label, unfolded in (
        ("delete", "to delete", True),
        ("refuse", "refused", True),
        ("none", "untouched", False),
    ):
        found = [action for action in actions if action.action == kind]
        if found:
            columns = ("id", "name", "status", "last change", "reason", "asked by")
            rows = (_plan_row(action, mask) for action in found)
            yield from _table(f"{len(found):,} {label}", columns, rows, unfolded=unfolded)


def _plan_row(action: Action, mask: Callable[[str], str]) -> list[str]:
    tints = {"delete": "red", "refuse": "amber", "none": "soft"}
    reason = f'<b class="{tints[action.action]}">{_text(str(action.reason))}</b>'
    if action.message:
        reason += f"<br>{_text(mask(action.message))}"
    if action.action == "refuse" and action.reason in words.LIFTS:
        reason += f'<br><span class="soft">To lift it: {_text(words.LIFTS[action.reason])}.</span>'
    for one in action.waivers:
        said = f"{one.guard} waived until {one.until}: {mask(one.because)} ({one.ticket})"
        reason += f"<br>{_text(said)}"
    name = f'<span class="name">{_text(action.name)}</span>' if action.name is not None else ""
    if action.parts:
        shown = words.parts(action)
        parts = ", ".join(_text(one) for one in shown)
        head = words.count(len(shown), words.parts_noun(action))
        name += f"<details><summary>{head}</summary><code>{parts}</code></details>"
    return [
        f'<span class="id">{_text(action.id)}</span>' if action.id is not None else "",
        name,
        _text(words.status(action.campaign)),
        f'<span class="day">{words.updated(action.campaign)}</span>',
        reason,
        "<br>".join(f"<code>{_text(words.place(one))}</code>" for one in action.sources),
    ]


def _table(
    title: str, columns: Iterable[str], rows: Iterable[list[str]], *, unfolded: bool
) -> Iterable[str]:
    opened = " open" if unfolded else ""
    head = "".join(f"<th>{column}</th>" for column in columns)
    yield f"<details{opened}><summary>{title}</summary>\n"
    yield f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n'
    for row in rows:
        cells = "".join(f"<td>{cell}</td>" for cell in row)
        yield f"<tr data-row>{cells}</tr>\n"
    yield "</tbody></table></div></details>\n"


# ---------------------------------------------------------------- report


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """The whole report; numbers masked, *plan* tells them from message ids."""
    del frame  # the report names its plan
    show = words.Masking.of_report(report, plan)
    yield _page(f"Report on plan {_text(report.plan[:19])}", _report_body(report, show))


def _report_body(report: ReportDocument, show: words.Masking) -> Iterable[str]:
    yield "<h1>Report</h1>\n"
    start, end = words.instant(report.started_at), words.instant(report.ended_at)
    took = f", took {words.duration((end - start).total_seconds())}" if start and end else ""
    yield f'<p class="soft">Started {_text(words.minute(report.started_at))}{took},'
    yield f" exit code {report.exit_code}.</p>\n<p>Plan <code>{_text(report.plan)}</code></p>\n"
    tints = {"in-doubt": "red", "refused": "amber", "drifted": "amber", "deleted": "green"}
    yield _counts(
        (one, f"{report.summary.get(one, 0):,}", tints.get(one, "")) for one in words.OUTCOMES
    )
    if report.exit_code in words.NEXT:
        yield f"<p>{words.NEXT[report.exit_code]}</p>\n"
    for note in report.notes:
        yield f"<p>{_text(show.sentence(note))}</p>\n"
    yield _SEARCH
    by_account: dict[str, list[TargetReport]] = {}
    for target in report.targets:
        by_account.setdefault(target.account, []).append(target)
    for account, targets in by_account.items():
        yield f"<h2>{_text(account)}</h2>\n"
        for outcome in reversed(Outcome):
            found = [target for target in targets if target.outcome is outcome]
            if found:
                columns = ("id", "part", "name", "detail", "evidence", "requests")
                rows = (_report_row(target, show) for target in found)
                title = f"{len(found):,} {outcome}"
                yield from _table(title, columns, rows, unfolded=not outcome.final)


def _report_row(target: TargetReport, show: words.Masking) -> list[str]:
    requests = []
    for one in target.requests:
        answer = str(one.status) if one.status is not None else "no answer"
        requests.append(f"{one.at} {one.method} {show.sentence(one.url)}: {answer}")
    return [
        f'<span class="id">{_text(target.id)}</span>',
        f"<code>{_text(show.part(target) or '')}</code>",
        f'<span class="name">{_text(target.name or "")}</span>',
        _text(show.sentence(target.detail or "")),
        _text(target.evidence or ""),
        "<br>".join(f"<code>{_text(one)}</code>" for one in requests),
    ]


def _text(text: str) -> str:
    return html(cap(text, _MOST))

#!/usr/bin/env bash
# What action.yml does: validate, plan, and put the views where GitHub shows them. Ends with 0: the
# exit code is an output, so that what was found is kept before the job fails.
set -uo pipefail
reconciler="$RUNNER_TEMP/reconciler/bin/reconciler"
out="$RUNNER_TEMP/reconciler-reports"
rm -rf "$out"
mkdir -p "$out"

views=(--report "github-output=$out/outputs" --report "github-summary=$out/summary.md")
views+=(--report "markdown=$out/plan.md" --report "html=$out/plan.html")
views+=(--report "sarif=$out/plan.sarif" --report "junit=$out/plan.xml")
[ -z "${INVENTORY:-}" ] || views+=(--inventory "$INVENTORY")

code=0
"$reconciler" -C "$DIRECTORY" validate --format github \
    --report "json=$out/validation.json" --report "sarif=$out/plan.sarif" || code=$?
if [ "$code" -eq 0 ]; then
    "$reconciler" -C "$DIRECTORY" plan --out "$out/plan.json" --format github "${views[@]}" \
        2>"$out/plan.err" || code=$?
    cat "$out/plan.err" >&2
fi

{
    echo "exit-code=$code"
    echo "reports=$out"
    [ ! -f "$out/outputs" ] || cat "$out/outputs"
} >>"$GITHUB_OUTPUT"
if [ -f "$out/summary.md" ]; then
    cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"
else
    echo "### Campaign deletions: there is no plan (exit code $code); the log says why" >>"$GITHUB_STEP_SUMMARY"
fi

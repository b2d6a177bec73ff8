run=$(gh api "repos/$GITHUB_REPOSITORY/actions/workflows/reconciler-inventory.yaml/runs?branch=$BRANCH&status=success&per_page=20" \
  --jq '[.workflow_runs[] | select(.event == "schedule" or .event == "workflow_dispatch")][0].id // empty') || run=
if [ -n "$run" ]; then
  rm -f inventory.ndjson
  gh run download "$run" --repo "$GITHUB_REPOSITORY" --name reconciler-inventory --dir .
else
  echo "No run of reconciler-inventory.yaml has pulled one yet: the file in git is planned with."
fi

#!/bin/sh
# docs/check.sh GENERATOR MILLRACE: the committed reference pages are what the tables say, and every family of metrics is on its page.
set -eu
cd "$(dirname "$0")/.."
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
ARGP_HELP_FMT='' "$1" "$2" "$made"
bad=0
diff -ru docs/reference "$made" || bad=1
declared=$(find dataplane engines pinning controlplane -name '*.h' -exec sed -n -E 's/^MR_METRICS_DECLARE(_FINE)?\(mr_([a-z_]+),.*/\2/p' {} +)
for family in $declared; do
    grep -q -x "## $family" "$made/metrics.md" || { echo "metrics of $family are not in families[] of docs/reference.c"; bad=1; }
done
[ $bad = 0 ] || echo "not current: ./dev docs, then commit docs/reference"
exit $bad

#!/bin/sh
# ./dev test: every suite this machine can run. Ends with N passed, N failed, N skipped.
set -eu
build=${MILLRACE_BUILD:-build}
[ -f "$build/build.ninja" ] || meson setup "$build" -Dauto_features=enabled >&2
ninja -C "$build" >&2
status=0
meson test -C "$build" --no-rebuild --print-errorlogs || status=$?
awk '
    /\[  PASSED  \] [0-9]+ test/  { for (i = 1; i < NF; i++) if ($i == "]") { passed += $(i + 1); break } }
    /\[  FAILED  \] [0-9]+ test/  { for (i = 1; i < NF; i++) if ($i == "]") { failed += $(i + 1); break } }
    /\[  SKIPPED \] [0-9]+ test/  { for (i = 1; i < NF; i++) if ($i == "]") { skipped += $(i + 1); break } }
    /^skipped: /                  { print }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed + (failed == 0 && status != 0), skipped }
' status="$status" "$build/meson-logs/testlog.txt"
exit "$status"

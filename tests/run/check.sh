#!/bin/sh
# Does the counting of ./dev test lose anything? Runs programs that pass, fail, skip, crash, hang, and adds them up.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! { meson setup "$work/build" tests/run && ninja -C "$work/build"; } >"$work/log" 2>&1; then
    cat "$work/log"
    exit 1
fi

status=0
# expect "PASSED FAILED SKIPPED" PROGRAM [awk options]: what one program is counted as
expect() {
    want=$1
    program=$2
    shift 2
    # meson exits non-zero for those that fail: that is what they are for
    meson test -C "$work/build" --no-rebuild ${program:+"$program"} >/dev/null 2>&1 || true
    got=$(awk -v stage=check "$@" -f tests/run/count.awk "$work/build/meson-logs/testlog.txt" | tail -n 1)
    [ "$got" = "$want" ] || { echo "counting: ${program:-all}: $got, not $want (passed, failed, skipped)"; status=1; }
}
expect "2 0 0" pass
expect "1 0 1" skip
expect "1 0 1" skip -v require_captures=1
expect "1 1 0" skip-capture -v require_captures=1
expect "1 0 1" skip-capture -v require_net=1
expect "1 1 0" fail
expect "1 1 0" crash
expect "1 1 0" hang
expect "1 1 0" leave # exit status 0 in the middle
expect "2 1 0" late  # exit status 1 after all have passed
expect "0 0 1" 77
expect "1 0 0" plain
expect "0 1 0" plain-fail
expect "11 6 3" "" # all of them in one run
exit $status

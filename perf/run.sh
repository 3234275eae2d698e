#!/bin/sh
# ./dev bench admin [--pairs N] [--period S] [--rate N] [--shared]: build/perf/controlplane/admin/millrace-admin-bench
# ./dev bench kill [--trials N] [--orders N] [--json]: build/perf/controlplane/kill/millrace-kill
# ./dev bench [GROUP, BENCH or BENCH/CASE]... [--json] [--kernel K] [--instructions]: see perf/README.md
# ./dev bench gate|count|compare|selftest: perf/gate/gate.py
# ./dev bench soak [--seconds N] [--rate N] [--json]: build/perf/soak/millrace-soak
set -eu
build=${MILLRACE_BUILD:-build}
if [ "${1:-}" = soak ]; then
    shift
    {
        [ -f "$build/build.ninja" ] || meson setup "$build"
        ninja -C "$build" perf/soak/millrace-soak
    } >&2
    exec "$build/perf/soak/millrace-soak" "$@"
fi
if [ "${1:-}" = admin ]; then
    shift
    {
        [ -f "$build/build.ninja" ] || meson setup "$build"
        ninja -C "$build" millrace perf/controlplane/admin/millrace-admin-bench
    } >&2
    exec "$build/perf/controlplane/admin/millrace-admin-bench" "$build/millrace" "$@"
fi
if [ "${1:-}" = kill ]; then
    shift
    {
        [ -f "$build/build.ninja" ] || meson setup "$build"
        ninja -C "$build" perf/controlplane/kill/millrace-kill
    } >&2
    exec "$build/perf/controlplane/kill/millrace-kill" "$@"
fi
case ${1:-} in
gate | count | compare | selftest)
    {
        [ -f "$build/build.ninja" ] || meson setup "$build" -Dbench=enabled
        ninja -C "$build" millrace-bench
    } >&2
    exec python3 perf/gate/gate.py "$@" ;;
esac
counts=""
for arg in "$@"; do
    shift
    if [ "$arg" = --instructions ]; then
        counts=yes
    else
        set -- "$@" "$arg"
    fi
done
{
    [ -f "$build/build.ninja" ] || meson setup "$build" -Dbench=enabled
    ninja -C "$build"
} >&2
if [ ! -x "$build/millrace-bench" ]; then
    echo "perf/run.sh: $build has no benches: the reference libraries were missing when it was configured;" >&2
    echo "  meson setup --reconfigure $build -Dbench=enabled   names them" >&2
    exit 3
fi
if [ -n "$counts" ]; then
    python3 perf/gate/gate.py count >&2
    set -- "$@" --instructions "$build/instructions-avx2.tsv"
fi
if [ "$(id -u)" != 0 ] || [ ! -w /proc/self/autogroup ]; then
    exec "$build/millrace-bench" "$@"
fi
# A session of its own, ahead of the others: each login session is a scheduling group with a share of its own, and nice within it does not
# help against what else the machine does.
# shellcheck disable=SC2016 # expanded there
setsid -w sh -c 'echo -20 > /proc/self/autogroup; exec "$@"' sh "$build/millrace-bench" "$@" &
bench=$!
trap 'kill "$(ps -o pid= --ppid "$bench")" "$bench" 2> /dev/null' INT TERM
wait "$bench"

#!/bin/sh
# ./dev bench [GROUP or BENCH]... [--json] [--kernel K] [--instructions]: see perf/README.md
set -eu
build=${MILLRACE_BUILD:-build}
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
    sh perf/instructions.sh >&2
    set -- "$@" --instructions "$build/instructions-avx2.tsv"
fi
exec "$build/millrace-bench" "$@"

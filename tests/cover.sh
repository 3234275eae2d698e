#!/bin/sh
# ./dev cover [FOLDER...]: line coverage of the product by folder; codecs/ and dataplane/ring/ must reach 95 %, and so must branches of
# controlplane/risk, orders and journal. With folders (controlplane sim) only their tests are built and run, with the best SIMD kernel
# alone, and only what lies in them is shown and judged.
#
# The whole suite runs once for each SIMD kernel this machine has, so that kernels count too. Lines that only stop the program (MR_ASSERT's
# failing half) have no lines of their own. The list of lines not covered: build-cover/uncovered.txt.
set -eu
cd "$(dirname "$0")/.."
build=${MILLRACE_BUILD:-build}-cover
least=95
# no optimisation: a line is a line. Inlined code counts where it stands.
[ -f "$build/build.ninja" ] || meson setup "$build" -Db_coverage=true -Doptimization=0 -Dbench=disabled -Dwerror=false >&2
# Not ring death: it stops a process at every instruction, of which an unoptimised build with counters has many times as many, and a process
# that is killed counts no line.
all=$(meson test -C "$build" --list 2>/dev/null | sed -n 's/^\([^ ]*\/[^ ]*\)$/\1/p' | grep -v -x dataplane/ring/test_ring_death)
targets=
if [ $# -gt 0 ]; then
    ninja -C "$build" build.ninja >/dev/null # what introspection tells is of the tree as it is
    named=
    for folder in "$@"; do
        named="$named $(printf '%s\n' "$all" | grep "^${folder%/}/")" || { echo "cover: no test is in $folder" >&2; exit 2; }
    done
    all=$named
    # shellcheck disable=SC2086 # names are words
    targets=$(meson introspect --tests "$build" | python3 -c '
import json, os, sys
build, names = os.path.abspath(sys.argv[1]) + "/", set(sys.argv[2:])
words = {w for test in json.load(sys.stdin) if test["name"] in names for w in test["cmd"]}
print("millrace", *sorted(w[len(build):] for w in words if w.startswith(build)))' "$build" $all)
fi
# shellcheck disable=SC2086 # names are words
ninja -C "$build" $targets >"$build.log" 2>&1 || { tail -n 40 "$build.log"; exit 1; }
find "$build" -name '*.gcda' -delete
# All tests with the best kernel, those of the codecs with every other one of this machine.
status=0
codecs=
[ $# -gt 0 ] || codecs=$(printf '%s\n' "$all" | grep '^codecs/')
best=$("$build/millrace" version | sed -n 's/.* \([a-z0-9]*\) (active).*/\1/p')
for kernel in "$best" $("$build/millrace" version | sed -n 's/^kernels: *//p' | sed 's/ *[a-z0-9]* (active)//; s/(.*)//'); do
    tests=$codecs
    [ "$kernel" != "$best" ] || tests=$all
    [ -n "$tests" ] || continue
    # shellcheck disable=SC2086 # names are words
    if ! MILLRACE_KERNEL=$kernel MILLRACE_QUICK=1 meson test -C "$build" --no-rebuild -t 4 $tests >"$build.log" 2>&1; then
        tail -n 40 "$build.log"
        echo "cover: tests fail with kernel $kernel"
        exit 1
    fi
    echo "cover: tests ran with kernel $kernel" >&2
done
python3 tests/cover.py "$build" "$least" "$@" || status=1
if [ $status = 0 ]; then echo "cover: good"; else echo "cover: below $least %"; fi
echo "lines not covered: $build/uncovered.txt; branches not taken: $build/untaken.txt"
exit $status

#!/bin/sh
# ./dev cover: line coverage of the product by folder; codecs/ and dataplane/ring/ must reach 95 %, and so must branches of
# controlplane/risk, orders and journal.
#
# The whole suite runs once for each SIMD kernel this machine has, so that kernels count too. Lines that only stop the program (MR_ASSERT's
# failing half) have no lines of their own. The list of lines not covered: build-cover/uncovered.txt.
set -eu
cd "$(dirname "$0")/.."
build=${MILLRACE_BUILD:-build}-cover
least=95
# no optimisation: a line is a line. Inlined code counts where it stands.
[ -f "$build/build.ninja" ] || meson setup "$build" -Db_coverage=true -Doptimization=0 -Dbench=disabled -Dwerror=false >&2
ninja -C "$build" >"$build.log" 2>&1 || { tail -n 40 "$build.log"; exit 1; }
find "$build" -name '*.gcda' -delete
# All tests with the best kernel, those of the codecs with every other one of this machine. Not ring death: it stops a process at every
# instruction, of which an unoptimised build with counters has many times as many, and a process that is killed counts no line.
status=0
all=$(meson test -C "$build" --list 2>/dev/null | sed -n 's/^\([^ ]*\/[^ ]*\)$/\1/p' | grep -v -x dataplane/ring/test_ring_death)
codecs=$(printf '%s\n' "$all" | grep '^codecs/')
best=$("$build/millrace" version | sed -n 's/.* \([a-z0-9]*\) (active).*/\1/p')
for kernel in "$best" $("$build/millrace" version | sed -n 's/^kernels: *//p' | sed 's/ *[a-z0-9]* (active)//; s/(.*)//'); do
    tests=$codecs
    [ "$kernel" != "$best" ] || tests=$all
    # shellcheck disable=SC2086 # names are words
    if ! MILLRACE_KERNEL=$kernel MILLRACE_QUICK=1 meson test -C "$build" --no-rebuild -t 4 $tests >"$build.log" 2>&1; then
        tail -n 40 "$build.log"
        echo "cover: tests fail with kernel $kernel"
        exit 1
    fi
    echo "cover: tests ran with kernel $kernel" >&2
done
python3 tests/cover.py "$build" "$least" || status=1
if [ $status = 0 ]; then echo "cover: good"; else echo "cover: below $least %"; fi
echo "lines not covered: $build/uncovered.txt; branches not taken: $build/untaken.txt"
exit $status

#!/bin/sh
# ./dev test [--all]: every suite this machine can run, in several builds. Ends with N passed, N failed, N skipped.
#
#   counting  programs that fail in every way are counted as failed (tests/run/check.sh)
#   gcc       all tests, full sizes
#   mutants   twenty small mistakes in gate and order machine, drawn by the day: tests notice (./dev mutate makes all)
#   speed     instruction counts against perf/baseline: what grew fails, with the function named (./dev bench gate)
#   asan      clang, without a warning, with AddressSanitizer and UBSan: small sizes (MILLRACE_QUICK=1), all tests but the few named below.
#             --all: full sizes, and a plain build of clang before it
#   tsan      ThreadSanitizer, what runs between threads: rings, workspace, metrics, tiles, logs
#
# A case counts once a build. MILLRACE_REQUIRE_CAPTURES=1 and MILLRACE_REQUIRE_NET=1 make skips for want of recordings or of a network
# failures. MILLRACE_BUILD names another folder than build; the others stand beside it: build-clang, build-asan, build-tsan.
set -eu
cd "$(dirname "$0")/.."
build=${MILLRACE_BUILD:-build}
all=""
for arg in "$@"; do
    case $arg in
    --all) all=yes ;;
    *) echo "usage: ./dev test [--all]" >&2; exit 2 ;;
    esac
done
[ -z "$all" ] || export MILLRACE_KILLS=50 MILLRACE_CASCADE=1 # of each process; until strategies trade: tests/controlplane/live
# Worlds of tests/sim: 200 seeds of 2,000, others each day; --all: each seed, and death at each step, in the first build.
seeds=200
export MILLRACE_SIM_FROM="${MILLRACE_SIM_FROM:-$(($(date +%j | sed 's/^0*//') % 10 * seeds + 1))}"
[ -z "$all" ] || { seeds=2000 && export MILLRACE_SIM_FROM=1 MILLRACE_SIM_SEEDS=2000 MILLRACE_SIM_CRASHES=1; }
together=$(($(nproc) * 2)) # two thirds of a test's time is waiting
full=${MILLRACE_QUICK:+quick} # where sizes are not cut by us: as the environment says
small=quick
[ -z "$all" ] || small=$full
passed=0
failed=0
skipped=0

count() { # PASSED FAILED SKIPPED
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
}

# compile STAGE DIR CC C# Output goes to a file and is shown when it fails.
compile() {
    stage=$1 dir=$2 cc=$3 cxx=$4 targets=$5
    shift 5
    begun=$(date +%s)
    log=$dir.log
    if [ -f "$dir/build.ninja" ]; then
        set -- meson configure "$dir" "$@"
    else
        set -- env CC="$cc" CXX="$cxx" meson setup "$dir" "$@"
    fi
    # shellcheck disable=SC2086 # targets are words
    if "$@" >"$log" 2>&1 && ninja -C "$dir" $targets >>"$log" 2>&1; then
        echo "$stage: built in $(($(date +%s) - begun)) s"
        return 0
    fi
    tail -n 60 "$log"
    echo "$stage: does not build: see $log"
    count 0 1 0
    return 1
}

# What ninja calls the programs of these tests, those they start among them; the gcc build knows.
targets_of() {
    meson introspect --tests "$build" | python3 -c '
import json, os, sys
build, names = os.path.abspath(sys.argv[1]), sys.argv[2].split()
words = [w for test in json.load(sys.stdin) if test["name"] in names for w in test["cmd"]]
inside = {os.path.relpath(w, build) for w in words if os.path.abspath(w).startswith(build + "/")}
print(" ".join(sorted(inside)))' "$build" "$1"
}

# run STAGE DIR quick|"" [test names]: runs and counts
run() {
    stage=$1 dir=$2 quick=$3
    shift 3
    begun=$(date +%s)
    rm -f "$dir/meson-logs/testlog.txt"
    ok=yes
    if [ -n "$quick" ]; then
        set -- env MILLRACE_QUICK=1 meson test -C "$dir" --no-rebuild --num-processes "$together" "$@"
    else
        set -- meson test -C "$dir" --no-rebuild --num-processes "$together" "$@"
    fi
    "$@" >"$dir.log" 2>&1 || ok=""
    if [ ! -s "$dir/meson-logs/testlog.txt" ]; then
        tail -n 20 "$dir.log"
        echo "$stage: meson test ran nothing: see $dir.log"
        count 0 1 0
        return
    fi
    awk -v stage="$stage" -v require_captures="${MILLRACE_REQUIRE_CAPTURES:-}" -v require_net="${MILLRACE_REQUIRE_NET:-}" \
        -f tests/run/count.awk "$dir/meson-logs/testlog.txt" >"$dir.count"
    totals=$(tail -n 1 "$dir.count")
    sed '$d' "$dir.count"
    # shellcheck disable=SC2086 # three numbers
    set -- $totals
    [ -n "$ok" ] || [ "$2" -gt 0 ] || set -- "$1" 1 "$3" # meson says failed, whatever was printed
    [ "$2" = 0 ] || tail -n 100 "$dir.log"
    [ "$2" = 0 ] || echo "$stage: what the failed ones said: $dir/meson-logs/testlog.txt"
    echo "$stage: $1 cases passed, $2 failed, $3 skipped, in $(($(date +%s) - begun)) s"
    count "$1" "$2" "$3"
}

begun=$(date +%s)
whole=$begun
if sh tests/run/check.sh; then
    count 1 0 0
    echo "counting: right, in $(($(date +%s) - begun)) s"
else
    count 0 1 0
    echo "counting: WRONG: the totals below may be too"
fi

if compile gcc "$build" gcc g++ "" -Dauto_features=enabled; then
    run gcc "$build" "$full"
    echo "gcc: worlds of seeds $MILLRACE_SIM_FROM to $((MILLRACE_SIM_FROM + seeds - 1)) (tests/sim)"
fi
unset MILLRACE_SIM_SEEDS MILLRACE_SIM_CRASHES

if python3 tests/mutate/mutate.py --sample 20 --seed "$(date +%j)" >"$build-mutate.log" 2>&1; then
    count 1 0 0
else
    cat "$build-mutate.log"
    count 0 1 0
fi
echo "mutants: $(tail -n 1 "$build-mutate.log")"

# Instructions of all benches but the two that take longest, against the baseline: gcc's counts, so of this build.
begun=$(date +%s)
short=--short
[ -z "$all" ] || short=""
if [ ! -x "$build/millrace-bench" ]; then
    echo "speed: no $build/millrace-bench, so no instruction counts"
    count 0 1 0
elif python3 perf/gate/gate.py gate ${short:+"$short"} >"$build-gate.log" 2>&1; then
    count 1 0 0
else
    grep -v '  *$' "$build-gate.log"
    count 0 1 0
fi
echo "speed: $(tail -n 1 "$build-gate.log"), in $(($(date +%s) - begun)) s"

if [ -n "$all" ] && compile clang "$build-clang" clang clang++ "" -Dbench=auto; then
    run clang "$build-clang" "$full"
fi

# Errors end a program at once; -O1 keeps the stacks in reports true. Both are clang's: so the second compiler's warnings are judged here too,
# and gcc with a sanitizer sees more than there is, and refuses fences with TSan. A library of clang's leaves the sanitizer to the program.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
export LSAN_OPTIONS="${LSAN_OPTIONS:-suppressions=$PWD/tests/run/leaks.txt:print_suppressions=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
# Left out: death at every instruction is of the instructions that ship, and a sanitizer's are ten times as many. The commands and
# the book over recordings run the same code over long inputs, test_watch, test_slowest and test_live_dpdk the same system as test_live, three quarters of the faults wait for
# back-off more than they run (./dev test --all has them); the cases of TLS run over DPDK, with the same reader; the
# player plays every recording here too, and sources and stack of DPDK have tests of their own.
# The simulated exchange is a tool, and runs here under test_live. The benches judge what the program does beside its times; whole runs that trade over the
# network are those of test_crash, which stays.
left_out="dataplane/ring/test_ring_death docs/reference"
[ -n "$all" ] || left_out="$left_out controlplane/cmd/test_cmd controlplane/live/test_watch controlplane/live/test_slowest controlplane/live/test_live_dpdk engines/book/test_book_recorded
    dataplane/plane/test_faults_1 dataplane/plane/test_faults_2 dataplane/plane/test_faults_3 exchange/tests/test_server dataplane/tls/test_cases
    controlplane/cmd/test_trading controlplane/live/test_remote controlplane/kill/bench controlplane/admin/bench"
tests=$(meson test -C "$build" --list 2>/dev/null | sed -n 's/^\([a-z][^ ]*\/[^ ]*\)$/\1/p')
for name in $left_out; do
    tests=$(printf '%s\n' "$tests" | grep -v -x "$name") || { echo "asan: nothing left to run"; count 0 1 0; }
done
if compile asan "$build-asan" clang clang++ "" -Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1 -Dbench=disabled; then
    # shellcheck disable=SC2086 # names are words
    run asan "$build-asan" "$small" $tests
fi

threaded="dataplane/ring/test_ring dataplane/ring/test_ring_hostile dataplane/ring/test_ring_restart dataplane/ring/test_ring_stress
    dataplane/ring/test_workspace dataplane/metrics/test_hist dataplane/metrics/test_metrics dataplane/tile/test_tile dataplane/log/test_log"
if compile tsan "$build-tsan" clang clang++ "$(targets_of "$threaded")" -Db_sanitize=thread -Doptimization=1 -Dbench=disabled; then
    # shellcheck disable=SC2086 # names are words
    run tsan "$build-tsan" "$small" $threaded
fi

echo "all in $(($(date +%s) - whole)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]

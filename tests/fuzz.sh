#!/bin/sh
# ./dev fuzz SECONDS [NAME]: each fuzz target (or those whose name holds NAME) for so many seconds, with ASan and UBSan.
#
# Starts from the corpus in the tree and from what earlier runs found, which stays in build-fuzz/corpus/. What fails leaves its input in
# build-fuzz/findings/, printed with the command that repeats it; the exit status is 1. A bug fixed is an input added to the corpus in the tree.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-}
only=${2:-}
case $seconds in
"" | *[!0-9]* | 0) echo "usage: ./dev fuzz SECONDS [NAME]" >&2; exit 2 ;;
esac
build=${MILLRACE_BUILD:-build}-fuzz
[ -f "$build/build.ninja" ] || CC=clang CXX=clang++ meson setup "$build" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
    -Dbench=disabled -Doptimization=2 >&2

# Each target's name and corpus, as tests/meson.build wrote them; only these are built.
ninja -C "$build" build.ninja >/dev/null
targets=$(while read -r target folder; do
    case $target in *"$only"*) printf '%s ' "tests/$target" ;; esac
done <"$build/tests/fuzzers.txt")
[ -n "$targets" ] || { echo "fuzz: no target's name holds \"$only\"; there are:" >&2; cut -d' ' -f1 "$build/tests/fuzzers.txt" >&2; exit 2; }
# shellcheck disable=SC2086 # targets are words
ninja -C "$build" $targets >"$build/fuzz.log" 2>&1 || { tail -n 40 "$build/fuzz.log"; exit 1; }

mkdir -p "$build/corpus" "$build/findings"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
failed=0
ran=0
while read -r target folder; do
    case $target in *"$only"*) ;; *) continue ;; esac
    ran=$((ran + 1))
    mkdir -p "$build/corpus/$target"
    # a minute for one input is a hang; 2 GB for one input is a leak
    if "$build/tests/$target" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" "$folder" >"$build/$target.log" 2>&1; then
        awk -v target="$target" '/^stat::number_of_executed_units/ { runs = $2 } / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
            END { printf "%-40s %12d runs, %6d edges\n", target, runs, cov }' "$build/$target.log"
    else
        failed=$((failed + 1))
        echo "$target: FAILED"
        tail -n 60 "$build/$target.log"
        input=$(sed -n 's/.*Test unit written to //p' "$build/$target.log" | tail -n 1)
        echo "$target: FAILED; repeat it with: $build/tests/$target ${input:-(no input was written: see $build/$target.log)}"
    fi
done <"$build/tests/fuzzers.txt"
echo "$ran fuzz targets, $failed failed"
[ "$failed" = 0 ]

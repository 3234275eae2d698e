#!/bin/sh
# Instructions per item of our side of each bench, counted by callgrind: the same on every run, unlike time.
#
#   perf/instructions.sh [BENCH/CASE]...            counts into build/instructions-KERNEL.tsv and prints
#   perf/instructions.sh --check  [BENCH/CASE]...   and fails where a count is more than 1 % over perf/baseline/KERNEL.tsv
#   perf/instructions.sh --update [BENCH/CASE]...   and writes the baseline; the commit says why
#
# Kernels avx2 and scalar: valgrind knows no AVX-512. Counts depend on the compiler; the baseline is of Debian 12's gcc.
set -eu
build=${MILLRACE_BUILD:-build}
mode=show
case ${1:-} in
--check | --update)
    mode=${1#--}
    shift
    ;;
esac
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is missing (package valgrind)" >&2; exit 3; }
bench=$build/millrace-bench
[ -x "$bench" ] || { echo "instructions.sh: no $bench: ./dev bench builds it" >&2; exit 3; }

# count KERNEL CASE: instructions of one pass
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no --toggle-collect=mr_bench_once \
        "$bench" --kernel "$1" --once "$2" 2>&1 >/dev/null </dev/null | awk '$2 == "Collected" { print $4 }'
}

status=0
for kernel in avx2 scalar; do
    out=$build/instructions-$kernel.tsv
    baseline=perf/baseline/$kernel.tsv
    "$bench" --list | while read -r name items; do
        wanted=""
        [ $# -gt 0 ] || wanted=yes
        for only in "$@"; do
            case $name in "$only" | "$only"/*) wanted=yes ;; esac
        done
        [ -n "$wanted" ] || continue
        total=$(count "$kernel" "$name")
        [ "${total:-0}" -gt 0 ] || { echo "instructions.sh: callgrind gave no count for $name ($kernel)" >&2; exit 3; }
        awk -v name="$name" -v total="$total" -v items="$items" 'BEGIN { printf "%s\t%.3f\n", name, total / items }'
    done >"$out"
    [ -s "$out" ] || { echo "instructions.sh: no such case: $*" >&2; exit 2; }
    [ -f "$baseline" ] || : >"$baseline"
    # beside the baseline: grown is over 1 %
    awk -F '\t' -v kernel="$kernel" -v mode="$mode" '
        NR == FNR { was[$1] = $2; next }
        { note = ""
          if (!($1 in was)) { note = "new"; if (mode == "check") { note = "no baseline"; bad = 1 } }
          else if ($2 > was[$1] * 1.01) { note = "MORE"; bad = 1 }
          else if ($2 < was[$1] * 0.99) note = "less"
          printf "%-7s %-32s %12.3f %12s  %s\n", kernel, $1, $2, ($1 in was) ? was[$1] : "-", note }
        END { exit bad && mode == "check" }' "$baseline" "$out" || status=1
    if [ "$mode" = update ]; then # rows counted now replace theirs, the others stay
        awk -F '\t' 'NR == FNR { now[$1] = $0; next } !($1 in now)' "$out" "$baseline" | cat - "$out" | sort >"$baseline.new"
        mv "$baseline.new" "$baseline"
    fi
done
exit $status

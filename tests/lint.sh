#!/bin/sh
# ./dev lint [--fix] [RULE]...: format, warnings, tidy, cppcheck, shell, house. All of them without a RULE. Ends with one line a rule.
#
#   format    clang-format decides all but the runs of spaces inside a line (tables are aligned by hand). --fix rewrites what differs.
#   warnings  gcc and clang build everything with -Werror
#   tidy      clang-tidy with the checks of .clang-tidy, on what changed since it was clean
#   cppcheck  warnings and portability
#   shell     shellcheck of every script
#   house     no notes to self, no places of somebody's machine, no file over 1,200 lines, every public header opens with what it is for
set -eu
cd "$(dirname "$0")/.."
fix=""
rules=""
for arg in "$@"; do
    case $arg in
    --fix) fix=yes ;;
    format | warnings | tidy | cppcheck | shell | house) rules="$rules $arg" ;;
    *) echo "usage: ./dev lint [--fix] [format|warnings|tidy|cppcheck|shell|house]..." >&2; exit 2 ;;
    esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Runs of spaces become one, indentation stays; so does the way to the backslash of a macro.
squeeze() {
    sed -E ':a; s/^( *)([^ ].*[^ ]) {2,}/\1\2 /; ta; s/[ \t]*\\$/ \\/'
}

# Lines of the file where its squeezed form differs from clang-format's, as --lines options.
differing() { # FILE
    squeeze <"$1" >"$work/is"
    clang-format "$1" | squeeze >"$work/must"
    diff "$work/is" "$work/must" | sed -n -E 's/^([0-9]+)(,([0-9]+))?[acd].*/\1 \3/p' |
        awk '{ printf "--lines=%d:%d ", $1, $2 ? $2 : $1 }'
}

format() {
    bad=0
    for file in $(git ls-files '*.c' '*.h' '*.cc'); do
        lines=$(differing "$file")
        [ -n "$lines" ] || continue
        if [ -n "$fix" ]; then
            # shellcheck disable=SC2086 # options are words
            clang-format -i $lines "$file"
            [ -n "$(differing "$file")" ] || { echo "formatted: $file"; continue; }
        fi
        echo "$file: not as clang-format has it (./dev lint --fix format): $(printf %s "$lines" | sed 's/--lines=//g')"
        bad=1
    done
    return "$bad"
}

warnings() {
    [ -f build/build.ninja ] || meson setup build >&2
    [ -f build-clang/build.ninja ] || CC=clang CXX=clang++ meson setup build-clang >&2
    ninja -C build >"$work/log" 2>&1 && ninja -C build-clang >>"$work/log" 2>&1 && return 0
    grep -E 'error|warning' "$work/log" || tail -n 40 "$work/log"
    return 1
}

# The product's files as clang builds them: those that changed, or whose headers did, since they were clean (the first time: all).
tidy() {
    [ -f build-clang/build.ninja ] || CC=clang CXX=clang++ meson setup build-clang >&2
    ninja -C build-clang build.ninja controlplane/cmd/version.h >/dev/null # the commands as they are now, and the one header that is made
    git ls-files 'dataplane/*.c' 'codecs/*.c' 'engines/*.c' 'pinning/*.c' 'controlplane/*.c' ':!*.bpf.c' | python3 tests/tidy.py build-clang
}

check_cpp() {
    # what only a name in a macro or a table uses is no finding; neither is what cppcheck cannot see of the compiler's built-ins
    git ls-files '*.c' | xargs cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -I. -D__GNUC__=12 \
        -D__x86_64__ -j "$(nproc)" --suppressions-list=tests/cppcheck.txt
}

shell() {
    { git ls-files '*.sh'; echo dev; echo .ci/run; } | xargs shellcheck
}

house() {
    bad=0
    # the words are put together here so that this file does not hold them
    notes="$(printf 'TO%s|FIX%s|XX%s' DO ME X)"
    places="$(printf '/%s/|/ho%s/|/ro%s/|~%s|wor%s' work me ot / ktree)"
    if git grep -n -w -E "($notes)" -- . ':!*/corpus/*'; then
        echo "house: a note to self: do it, or write down what is so"
        bad=1
    fi
    if git grep -n -I -E "(^|[^A-Za-z0-9_.~*/])($places)" -- . ':!*/corpus/*'; then
        echo "house: a place of somebody's machine"
        bad=1
    fi
    for file in $(git ls-files '*.c' '*.h' '*.cc' '*.def' '*.sh'); do
        lines=$(wc -l <"$file")
        [ "$lines" -le 1200 ] || { echo "$file: $lines lines: two files"; bad=1; }
    done
    for file in $(git ls-files '*.h' ':!*_priv.h'); do
        case $(head -n 1 "$file") in
        "/*"*) ;;
        *) echo "$file: opens without a comment that says what it is for"; bad=1 ;;
        esac
    done
    return "$bad"
}

status=0
for rule in ${rules:-format warnings tidy cppcheck shell house}; do
    begun=$(date +%s)
    found=0
    case $rule in
    format) format || found=1 ;;
    warnings) warnings || found=1 ;;
    tidy) tidy || found=1 ;;
    cppcheck) check_cpp || found=1 ;;
    shell) shell || found=1 ;;
    house) house || found=1 ;;
    esac
    if [ $found = 0 ]; then
        verdict=clean
    else
        verdict=FINDINGS
        status=1
    fi
    printf '%-9s %s, in %d s\n' "$rule" "$verdict" $(($(date +%s) - begun)) | tee -a "$work/verdicts"
done
if [ $status = 0 ]; then echo "lint: clean"; else echo "lint: findings"; fi
exit $status

# Counts the cases of one `meson test` run from its testlog.txt, so that nothing can be lost: prints a line for each failed program and
# each reason of a skip, and last "passed failed skipped".
#
#   awk -v stage=NAME -v require_captures=1 -v require_net=1 -f count.awk testlog.txt
#
# A program that speaks cmocka's words counts by its cases. What stopped before its closing lines (a crash, a time-out, an early exit)
# counts the cases that had passed, and one failed. What fails after them (a sanitizer at exit) counts one failed more. A program without
# these words counts as one: exit status 0 passed, 77 skipped, else failed. With require_captures a skip for want of recordings or
# conformance data is a failure, with require_net one for want of a network.
function number_before_test(line) {
    sub(/ test\(s\).*/, "", line)
    sub(/.*[^0-9]/, "", line)
    return line + 0
}
function close_program(    p, f, s, bad, reason) {
    if (name == "")
        return
    p = passed; f = failed; s = skipped
    if (begun == 0) {
        if (p + f + s == 0) {
            p = result == "exit status 0"; s = result == "exit status 77"
        }
    } else if (p + f + s < begun) {
        p = p > ok ? p : ok
        if (result == "exit status 77") s++
        else f++
    }
    if (result != "exit status 0" && result != "exit status 77" && f == 0)
        f = 1
    for (reason in why) {
        if ((require_captures && reason ~ /record|capture|conformance|testdata/) || (require_net && reason ~ /network/)) {
            print "  " stage ": " name ": skipped though it must not be: " reason
            bad = 1
        } else if (!(reason in shown)) {
            print "  " stage ": skipped in " name ": " reason
            shown[reason] = 1
        }
    }
    if (bad) {
        f += s ? s : 1
        s = 0
    } else if (s && length(why) == 0)
        print "  " stage ": skipped in " name ", no reason given"
    if (f)
        print "  " stage ": FAILED " name " (" result ")"
    passed_all += p; failed_all += f; skipped_all += s
    name = ""
}
/^test:         / {
    close_program()
    name = $2
    passed = failed = skipped = begun = ok = 0
    result = "no result"
    split("", why)
}
/^result:       / && result == "no result" { result = substr($0, 15); sub(/ +$/, "", result) }
/^\[==========\] .*Running [0-9]+ test/      { begun += number_before_test($0) }
/^\[       OK \] /                           { ok++ }
/^\[  PASSED  \] .*[0-9]+ test\(s\)/         { passed += number_before_test($0) }
/^\[  FAILED  \] .*[0-9]+ test\(s\)/         { failed += number_before_test($0) }
/^\[  SKIPPED \] .*[0-9]+ test\(s\)/         { skipped += number_before_test($0) }
/^skipped: /                                 { why[substr($0, 10)] = 1 }
END { close_program(); print passed_all + 0, failed_all + 0, skipped_all + 0 }

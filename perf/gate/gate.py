#!/usr/bin/env python3
"""./dev bench gate|compare|selftest: is anything slower than it was? README.md beside perf/ says how it judges.

  gate [--short] [CASE...]            instruction counts against perf/baseline/; status 1 and the function named where one grew
  count [CASE...]                     the same counts, written to BUILD/instructions-KERNEL.tsv and not judged
  gate --update --reason "WHY" [CASE...]   the baseline becomes what is counted now, and perf/baseline/reasons.tsv says why
  compare REV [--rounds N] [CASE...]  this tree and that revision, built beside it: instructions, and time in turns
  selftest [--runs N] [--rounds N]    slow-downs of 3 % in five functions are caught, and runs without a change raise no alarm

CASE is BENCH or BENCH/CASE, as millrace-bench --list has them."""
import argparse, io, os, subprocess, sys, tarfile, tempfile

sys.path.insert(0, os.path.dirname(__file__))
import compare, counts, limits, seeded

BUILD = os.environ.get("MILLRACE_BUILD", "build")
BASELINE = "perf/baseline"
LONG = ("book/", "path/")
SEED = 0.03
TRIAL = 32 # instructions more, to see how often a function is called


def say(line):
    print(line, flush=True)


def made(build):
    bench = os.path.join(build, "millrace-bench")
    if not os.path.exists(bench):
        sys.exit(f"gate: no {bench}: ./dev bench builds it")
    return bench


def baseline(kernel):
    path = f"{BASELINE}/{kernel}.tsv"
    return {c.case: c for c in map(counts.Count.parse, open(path))} if os.path.exists(path) else {}


def counted(o):
    """Counts, and leaves them for ./dev bench --json --instructions."""
    now = counts.count_all(made(BUILD), o.cases, o.kernel or counts.KERNELS)
    for kernel in o.kernel or counts.KERNELS:
        with open(f"{BUILD}/instructions-{kernel}.tsv", "w") as f:
            f.writelines(f"{c}\t{n.total:.3f}\n" for (k, c), n in now.items() if k == kernel)
    return now


def count(o):
    say(f"{len(counted(o))} counts")
    return 0


def gate(o):
    bench, history = made(BUILD), limits.History(f"{BUILD}/bench-history.jsonl")
    if o.short and not o.cases:
        o.cases = sorted({c for c in counts.cases(bench) if not c.startswith(LONG)})
    now = counted(o)
    was = {k: baseline(k) for k in counts.KERNELS}
    worse = []
    for (kernel, case), c in now.items():
        known = was[kernel].get(case)
        if not known:
            note, bad = "no baseline", not o.update
        else:
            change, bound, bad = compare.judge_counts(c, known, history.of(case, kernel))
            note = f"MORE (limit {bound:.1%}): {counts.culprits(c, known)}" if bad else "less" if change < -limits.FLOOR else ""
        if bad:
            worse.append(case)
        say(f"{kernel:7} {case:32} {c.total:12.3f} {f'{known.total:.3f}' if known else '-':>12}  {note}")
    gone = [] if o.cases else [(k, c) for k in o.kernel or counts.KERNELS for c in was[k] if (k, c) not in now and not needs_recordings(c)]
    for kernel, case in gone:
        say(f"{kernel:7} {case:32} {'-':>12} {was[kernel][case].total:12.3f}  not a case any more")
    if o.update:
        update(o, now, was, gone)
        return 0
    say(f"{len(now)} counts, {len(worse)} worse" + (f", {len(gone)} of the baseline gone: --update" if gone else ""))
    return 1 if worse or gone else 0


def needs_recordings(case):
    return case.startswith("path/")


def update(o, now, was, gone):
    with open(f"{BASELINE}/reasons.tsv", "a") as reasons:
        for (kernel, case), c in sorted(now.items()):
            known = was[kernel].get(case)
            if not known or abs(c.total / known.total - 1) > limits.FLOOR:
                reasons.write(f"{kernel}\t{case}\t{f'{known.total:.3f}' if known else '-'}\t{c.total:.3f}\t{o.reason}\n")
            was[kernel][case] = c
        for kernel, case in gone:
            reasons.write(f"{kernel}\t{case}\t{was[kernel].pop(case).total:.3f}\t-\t{o.reason}\n")
    for kernel, known in was.items():
        with open(f"{BASELINE}/{kernel}.tsv", "w") as f:
            f.writelines(known[case].text() + "\n" for case in sorted(known))


def beside(revision):
    """The bench of a revision, built in a folder of its own."""
    sha = subprocess.run(["git", "rev-parse", "--verify", "--quiet", revision + "^{commit}"], capture_output=True, text=True).stdout.strip()
    if not sha:
        sys.exit(f"gate: {revision} is no revision of this repository")
    folder = os.path.abspath(f"{BUILD}/compare/{sha[:12]}")
    if not os.path.exists(f"{folder}/source/meson.build"):
        files = subprocess.run(["git", "archive", sha], check=True, stdout=subprocess.PIPE).stdout
        with tarfile.open(fileobj=io.BytesIO(files)) as archive:
            archive.extractall(f"{folder}/source")
    if not os.path.exists(f"{folder}/build/build.ninja"):
        subprocess.run(["meson", "setup", f"{folder}/build", f"{folder}/source", "-Dbench=enabled"], check=True, stdout=sys.stderr)
    subprocess.run(["ninja", "-C", f"{folder}/build", "millrace-bench"], check=True, stdout=sys.stderr)
    return f"{folder}/build/millrace-bench"


def against(o):
    new, old = made(BUILD), beside(o.revision)
    good = compare.compare(new, old, o.cases, o.rounds, limits.History(f"{BUILD}/bench-history.jsonl"), say)
    say("nothing is worse" if good else "WORSE")
    return 0 if good else 1


def selftest(o):
    bench, history, failed = os.path.abspath(made(BUILD)), limits.History(f"{BUILD}/bench-history.jsonl"), 0
    chosen = [case for _, _, case in seeded.SEEDS]
    first = counts.count_all(bench, chosen, ("avx2",))
    for function, file, case in seeded.SEEDS: # what one more instruction a call comes to, then as many as 3 % are
        was, items = first["avx2", case], counts.cases(bench, [case])[case]
        with tempfile.TemporaryDirectory(prefix="slower.") as folder:
            trial = counts.count(seeded.slower(BUILD, bench, function, file, TRIAL, folder), "avx2", case, items)
            once = (trial.total - was.total) / TRIAL
            if once < 0.001:
                sys.exit(f"gate: {case} does not come by {function}: perf/gate/seeded.py")
            nops = max(round(SEED * was.total / once), 1)
            now = counts.count(seeded.slower(BUILD, bench, function, file, nops, folder), "avx2", case, items)
        change, bound, worse = compare.judge_counts(now, was, history.of(case, "avx2"))
        named = counts.culprits(now, was)
        caught = worse and named.startswith(function + " ")
        failed += not caught
        say(f"{function:28} {case:20} {nops:4} more a call: {change:+.2%}, {'caught: ' + named if caught else 'NOT CAUGHT: ' + named}")
    alarms = 0
    for run in range(o.runs):
        os.environ["MILLRACE_SELFTEST_RUN"] = "x" * (run * 37) # another environment: the stack begins elsewhere
        again = counts.count_all(bench, chosen, ("avx2",))
        for case in chosen:
            change, _, worse = compare.judge_counts(again["avx2", case], first["avx2", case], history.of(case, "avx2"))
            alarms += worse
            if worse:
                say(f"run {run + 1}: {case}: {change:+.2%} without a change")
            history.add(case, "avx2", change)
    del os.environ["MILLRACE_SELFTEST_RUN"]
    say(f"{o.runs} runs without a change, counted: {alarms} alarms")
    failed += alarms
    if o.rounds:
        failed += times(o, bench, chosen, history)
    say("selftest: good" if not failed else f"selftest: {failed} FAILED")
    return 1 if failed else 0


def times(o, bench, chosen, history):
    """The program with itself: each run is judged by all the others, and they are this machine's history from now on."""
    changes = {case: [compare.in_turns((bench, bench), case, o.rounds) for _ in range(o.runs)] for case in chosen}
    alarms = 0
    for case, runs in changes.items():
        mids = [limits.bootstrap(r)[0] for r in runs]
        for i, r in enumerate(runs):
            mid, low, high, bound, worse = compare.judge_time(r, history.of(case, "time") + mids[:i] + mids[i + 1 :])
            alarms += worse
            if worse:
                say(f"run {i + 1}: {case}: {mid:+.2%} ({low:+.2%} to {high:+.2%}), limit {bound:.2%}, without a change")
    for case, runs in changes.items():
        for r in runs:
            history.add(case, "time", limits.bootstrap(r)[0])
        say(f"{case:28} time is judged from {limits.limit(history.of(case, 'time')):.2%} on")
    say(f"{o.runs} runs without a change, timed: {alarms} alarms")
    return alarms


def main():
    p = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = p.add_subparsers(dest="verb", required=True)
    g = verbs.add_parser("gate")
    g.add_argument("--update", action="store_true")
    g.add_argument("--reason", default="")
    g.add_argument("--short", action="store_true", help="without book and path, which take half of the time")
    g.add_argument("--kernel", choices=counts.KERNELS, action="append")
    g.add_argument("cases", nargs="*")
    n = verbs.add_parser("count")
    n.add_argument("--kernel", choices=counts.KERNELS, action="append")
    n.add_argument("cases", nargs="*")
    c = verbs.add_parser("compare")
    c.add_argument("revision")
    c.add_argument("--rounds", type=int, default=11)
    c.add_argument("cases", nargs="*")
    s = verbs.add_parser("selftest")
    s.add_argument("--runs", type=int, default=20)
    s.add_argument("--rounds", type=int, default=3)
    o, rest = p.parse_known_args() # cases may stand behind options
    for word in rest:
        if word.startswith("-") or o.verb == "selftest":
            p.error(f"what is {word}?")
        o.cases.append(word)
    if o.verb == "gate" and o.update != (len(o.reason.split()) >= 3):
        p.error('--update wants --reason "a sentence that says why", and a reason is of an update')
    if o.verb == "gate" and ("\t" in o.reason or "\n" in o.reason):
        p.error("--reason: one line, no tabs")
    return {"gate": gate, "count": count, "compare": against, "selftest": selftest}[o.verb](o)


if __name__ == "__main__":
    sys.exit(main())

"""Instructions of one pass of a bench case, counted by callgrind: the same on every run, unlike time."""
import collections, concurrent.futures, os, pathlib, re, subprocess, sys, tempfile

KERNELS = ("avx2", "scalar") # valgrind knows no AVX-512
SMALL = 0.02 # of a case: functions below are not told apart


class Count:
    """Of one case: instructions an item, and of each function that matters, without what it calls."""

    def __init__(self, case, total, functions):
        self.case, self.total, self.functions = case, total, functions

    def text(self):
        rest = sorted(((n, f) for f, n in self.functions.items() if n >= SMALL * self.total), reverse=True)
        return "\t".join([self.case, f"{self.total:.3f}"] + [f"{f}={n:.3f}" for n, f in rest])

    @staticmethod
    def parse(line):
        case, total, *rest = line.rstrip("\n").split("\t")
        return Count(case, float(total), {f: float(n) for f, n in (r.rsplit("=", 1) for r in rest)})


def cases(bench, wanted=()):
    """name to items in a pass, of all that can be counted or of those named (BENCH or BENCH/CASE)."""
    listed = subprocess.run([bench, "--list"], check=True, capture_output=True, text=True).stdout
    known = {name: int(items) for name, items in (line.split() for line in listed.splitlines())}
    if not wanted:
        return known
    found = {c: n for c, n in known.items() if any(c == w or c.startswith(w + "/") for w in wanted)}
    for w in wanted:
        if not any(c == w or c.startswith(w + "/") for c in known):
            sys.exit(f"gate: no such case: {w}; {bench} --list names them")
    return found


def parse(text, items):
    """callgrind's output, uncompressed: total and functions' own instructions."""
    own, function, skip = collections.Counter(), None, False
    for line in text.splitlines():
        if skip: # the cost of a call, inclusive: the callee's own lines have it
            skip = False
        elif line.startswith("fn="):
            function = line[3:]
        elif line.startswith("calls="):
            skip = True
        elif function and re.match(r"\d+ \d+$", line):
            own[function] += int(line.split()[1])
    short = collections.Counter()
    for f, n in own.items(): # what the compiler cut in pieces is one function
        short[re.sub(r"\.(constprop|isra|part|cold)\.?\d*|'\d+$", "", f)] += n / items
    return sum(own.values()) / items, dict(short)


def count(bench, kernel, case, items):
    with tempfile.NamedTemporaryFile(prefix="callgrind.") as out:
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", "--compress-strings=no", "--compress-pos=no",
                               "--collect-atstart=no", "--toggle-collect=mr_bench_once", bench, "--kernel", kernel, "--once", case],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        total, functions = parse(pathlib.Path(out.name).read_text(errors="replace"), items)
    if done.returncode or total <= 0:
        sys.exit(f"gate: callgrind gave no count of {case} ({kernel}): {done.stderr[-2000:]}")
    return Count(case, total, functions)


def count_all(bench, wanted, kernels=KERNELS, jobs=None):
    """{(kernel, case): Count}"""
    known = cases(bench, wanted)
    work = [(k, c, n) for k in kernels for c, n in known.items()]
    with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        return {(k, c): r for (k, c, n), r in zip(work, pool.map(lambda w: count(bench, *w), work))}


def culprits(now, was):
    """What grew most, in words."""
    grown = sorted(((now.functions.get(f, 0) - was.functions.get(f, 0), f) for f in {*now.functions, *was.functions}
                    if f in was.functions or now.functions.get(f, 0) >= SMALL * now.total), reverse=True)
    told = [f"{f} +{n:.1f}" for n, f in grown if n > 0.1 * max(now.total - was.total, 0)][:3]
    return ", ".join(told) or "spread over small functions"

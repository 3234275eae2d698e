#!/usr/bin/env python3
"""Line coverage of the product from a build's counters, and branch coverage of what can lose money: tests/cover.py BUILD LEAST [FOLDER...]

Prints lines and per cent by folder and writes BUILD/uncovered.txt; 1 when lines of codecs/ or dataplane/ring/, or branches of
controlplane/risk, orders or journal, are below LEAST. A line counts as covered
if any object that holds it (a kernel's file is compiled once a kernel) ran it. Straight from gcov: gcovr of Debian 12 refuses files whose
functions differ from kernel to kernel.

Branches are counted in controlplane/risk, orders and journal; those not taken are listed in BUILD/untaken.txt. Left out are assertions, which
fail in no test, and lines that say why they cannot be reached ("unreachable: ...").

With folders, only what lies in them is shown and judged."""
import collections, concurrent.futures, json, os, pathlib, re, subprocess, sys

build, least = pathlib.Path(sys.argv[1]), float(sys.argv[2])
asked = tuple(folder.rstrip("/") + "/" for folder in sys.argv[3:])
top = pathlib.Path.cwd()


def lines_of(counters):
    out = subprocess.run(["gcov", "--branch-probabilities", "--json-format", "--stdout", str(counters)], capture_output=True, text=True)
    found = []
    for part in out.stdout.splitlines():
        report = json.loads(part)
        for file in report["files"]:
            path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]), top)
            if path.split("/")[0] in ("codecs", "dataplane", "engines", "controlplane") and (not asked or path.startswith(asked)):
                found += [(path, line["line_number"], line["count"], [b["count"] for b in line.get("branches", [])]) for line in file["lines"]]
    return found


# An object that never ran has notes and no counters: gcov takes the notes and counts nothing.
notes = list(build.rglob("*.gcno"))
hits = collections.defaultdict(lambda: collections.defaultdict(int))
taken = collections.defaultdict(lambda: collections.defaultdict(int)) # (path, line): branch number, how often
BRANCHES = tuple(f"controlplane/{folder}/" for folder in ("risk", "orders", "journal"))
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for found in pool.map(lambda n: lines_of(n.with_suffix(".gcda") if n.with_suffix(".gcda").exists() else n), notes):
        for path, line, count, branches in found:
            hits[path][line] += count
            if path.startswith(BRANCHES):
                for number, times in enumerate(branches):
                    taken[path, line][number] += times

total, covered = collections.Counter(), collections.Counter()
with open(build / "uncovered.txt", "w") as out:
    for path in sorted(hits):
        missed = sorted(line for line, count in hits[path].items() if not count)
        folders = ["/".join(path.split("/")[:2])] + (["codecs (all)"] if path.startswith("codecs/") and not asked else [])
        for folder in folders:
            total[folder] += len(hits[path])
            covered[folder] += len(hits[path]) - len(missed)
        if missed:
            out.write(f"{path} {len(hits[path]) - len(missed)}/{len(hits[path])}: {','.join(map(str, missed))}\n")

bad = False
for folder in sorted(total):
    percent, gate = 100 * covered[folder] / total[folder], ""
    if folder in ("codecs (all)", "dataplane/ring"):
        gate = f"at least {least:g} %" if percent >= least else f"BELOW {least:g} %"
        bad = bad or percent < least
    print(f"{folder:26} {total[folder]:7} lines {percent:7.2f} %   {gate}".rstrip())

left_out = re.compile(r"MR_ASSERT|MR_DCHECK|unreachable:")
sources = {path: open(path).read().split("\n") for path, _ in taken}
total, covered = collections.Counter(), collections.Counter()
with open(build / "untaken.txt", "w") as out:
    for (path, line), numbers in sorted(taken.items()):
        text = sources[path][line - 1]
        if left_out.search(text):
            continue
        folder = "/".join(path.split("/")[:2])
        total[folder] += len(numbers)
        covered[folder] += sum(times > 0 for times in numbers.values())
        if not all(numbers.values()):
            out.write(f"{path}:{line}: {sum(not times for times in numbers.values())} of {len(numbers)} not taken: {text.strip()}\n")
for folder in sorted(total):
    percent = 100 * covered[folder] / total[folder]
    bad = bad or percent < least
    print(f"{folder:26} {total[folder]:7} branches {percent:6.2f} %   {'at least' if percent >= least else 'BELOW'} {least:g} %")
sys.exit(bad or not hits)

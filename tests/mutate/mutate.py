#!/usr/bin/env python3
"""./dev mutate [--sample N] [--seed S] [--jobs N] [--list] [FILE or FOLDER...]: do the tests notice when the code is wrong?

Each mutant is one small mistake in the gate or in the order machine (find.py says which kinds there are). It is killed when a test fails, dies or
does not end; it survives when all pass. Fewer than 95 % killed, of those that are not equivalent (equivalent.txt), is a failure.

All mutants of a file are compiled into one copy of it, and all copies are linked into each of the unit tests in place of the originals; the
environment says which one is alive. A mutant is shown only to the tests that come by it, the quickest first.

--sample N   N mutants drawn by the seed, of at most three files; the rate is printed and not judged: a sample is too small for it
--seed S     of the drawing
--jobs N     tests at once (2)
--again LOG  only those that survived in that run, to see what new tests do about them
--list       prints the mutants, runs nothing
FILE         of which to make mutants, instead of all the files below; a folder: those of the files below that are in it"""
import argparse, collections, concurrent.futures, json, os, pathlib, random, resource, shlex, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(__file__))
import find

LEAST = 95
MUTANTS_MAX = 1 << 20 # as in mutant.c
GATE = "risk.c look.h look_account.c look_exposure.c look_market.c state.c state_boot.c limits.c"
ORDERS = """states.c order.c orders.c orders_answer.c orders_hear.c orders_life.c orders_link.c orders_restore.c orders_table.c positions.c trades.c bucket.c
    breaker.c entry.c"""
FILES = [f"controlplane/risk/{f}" for f in GATE.split()] + [f"controlplane/orders/{f}" for f in ORDERS.split()]
TESTS = ["controlplane/risk/", "controlplane/orders/", "controlplane/trade/test_trade", "sim/"]
WORLDS = {"MILLRACE_SIM_SEEDS": "12", "MILLRACE_SIM_FAIR": "3", "MILLRACE_SIM_CRASHES": "400", "MILLRACE_SIM_PLANTED": "1"} # a few of tests/sim's
EQUIVALENT = "tests/mutate/equivalent.txt" # file | source line | mutation | reason


def build_tests(build):
    """The unit tests' programs: name to link command, built."""
    if not os.path.exists(f"{build}/build.ninja"):
        subprocess.run(["meson", "setup", build, "-Doptimization=1", "-Dbench=disabled"], check=True, stdout=sys.stderr)
    tests = json.loads(subprocess.run(["meson", "introspect", "--tests", build], check=True, capture_output=True).stdout)
    wanted = {t["name"]: os.path.relpath(t["cmd"][0], os.path.abspath(build)) for t in tests
              if any(t["name"].startswith(folder) for folder in TESTS) and "/fuzz_" not in t["name"] and len(t["cmd"]) == 1}
    done = subprocess.run(["ninja", "-C", build, *wanted.values()], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout[-4000:] + "\nmutate: the tests do not build")
    links = {}
    for name, target in wanted.items():
        commands = subprocess.run(["ninja", "-C", build, "-t", "commands", target], check=True, capture_output=True, text=True)
        links[name] = commands.stdout.strip().split("\n")[-1]
    return links


def flags_of(build, files):
    """How each file is compiled: what the preprocessor must know, without warnings. A header: as its folder's first file."""
    known = {}
    for c in json.load(open(f"{build}/compile_commands.json")):
        path = os.path.relpath(os.path.join(c["directory"], c["file"]))
        words = shlex.split(c["command"])
        known.setdefault(path, [w for w in words if w.startswith(("-D", "-std", "-m"))] + ["-I.", f"-I{build}"])
    return {f: known.get(f) or next((v for k, v in sorted(known.items()) if os.path.dirname(k) == os.path.dirname(f)), None) for f in files}


class Program:
    """The tests with all mutants inside."""

    def __init__(self, build, links, files, folder):
        self.folder = pathlib.Path(folder)
        self.links = links
        flags = flags_of(build, files)
        self.mutants, objects = [], []
        copies = self.folder / "source"
        compiled = [(f, flags[f]) for f in files if not f.endswith(".h")]
        if any(f.endswith(".h") for f in files): # whoever includes a header is compiled with its copy
            folders = {os.path.dirname(f) for f in files if f.endswith(".h")}
            users = [f for f in FILES if os.path.dirname(f) in folders and f.endswith(".c") and f not in files]
            compiled += [(f, v) for f, v in flags_of(build, users).items()]
        for f in files:
            mutants, text = find.find(f, flags[f], len(self.mutants) + 1)
            self.mutants += mutants
            (copies / f).parent.mkdir(parents=True, exist_ok=True)
            (copies / f).write_bytes(text)
        assert len(self.mutants) < MUTANTS_MAX
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            objects = list(pool.map(lambda c: self.compile(*c, copies), [*compiled, ("tests/mutate/mutant.c", ["-std=gnu17", "-D_GNU_SOURCE", "-I."])]))
            self.programs = dict(pool.map(lambda name: (name, self.link(build, name, objects)), self.links))

    def compile(self, file, flags, copies):
        source = copies / file if (copies / file).exists() else file
        out = self.folder / (file.replace("/", "_") + ".o")
        command = ["cc", "-w", "-O1", "-fPIC", "-pthread", f"-I{copies}", *flags, "-c", str(source), "-o", str(out)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"mutate: the copy of {file} does not compile:\n{done.stderr[:4000]}")
        return os.path.abspath(out)

    def link(self, build, name, objects):
        out = os.path.abspath(self.folder / name.replace("/", "_"))
        words = shlex.split(self.links[name])
        words[words.index("-o") + 1] = out
        at = next(i for i, w in enumerate(words) if w.endswith(".a"))
        done = subprocess.run(words[: at - 1] + objects + words[at - 1 :], cwd=build, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"mutate: {name} does not link:\n{done.stderr[:4000]}")
        return out

    def run(self, name, mutant, seconds, reached=None):
        """True: it passed. `seconds` of CPU; a test that waits has ten times as long."""
        def bounds():
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds + 1), int(seconds + 2)))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        given = {**os.environ, **WORLDS, "MILLRACE_QUICK": "1", "MR_MUTANT": str(mutant)}
        if reached:
            given["MR_MUTANT_REACHED"] = reached
        try:
            return subprocess.run([self.programs[name]], env=given, preexec_fn=bounds, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=10 * seconds + 10).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def look_around(self):
        """What each test takes, and which mutants it comes by: it must pass with none alive."""
        self.takes, self.comes_by = {}, {}
        for name in self.programs:
            with tempfile.NamedTemporaryFile() as reached:
                begun = resource.getrusage(resource.RUSAGE_CHILDREN)
                if not self.run(name, 0, 120, reached.name):
                    sys.exit(f"mutate: {name} fails, and nothing has been changed yet")
                spent = resource.getrusage(resource.RUSAGE_CHILDREN)
                self.takes[name] = spent.ru_utime + spent.ru_stime - begun.ru_utime - begun.ru_stime
                self.comes_by[name] = reached.read(len(self.mutants) + 1)

    def judge(self, mutant):
        """The test that killed it, "" where it was never reached, or None: it survived."""
        names = [n for n in sorted(self.takes, key=self.takes.get) if self.comes_by[n][mutant.id : mutant.id + 1] == b"\1"]
        for name in names:
            if not self.run(name, mutant.id, 4 * self.takes[name] + 1):
                return name
        return None if names else ""


def equivalents():
    known = {}
    for number, line in enumerate(open(EQUIVALENT), 1):
        if line.strip() and not line.startswith("#"):
            parts = [p.strip() for p in line.split(" | ")]
            if len(parts) != 4 or not all(parts):
                sys.exit(f"{EQUIVALENT}:{number}: four parts, please: file | source line | mutation | reason")
            known[tuple(parts[:3])] = number
    return known


def chosen_files(paths):
    files = []
    for p in [os.path.relpath(p) for p in paths]:
        files += [f for f in FILES if f.startswith(p.rstrip("/") + "/")] if os.path.isdir(p) else [p]
    return files or FILES


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--again")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("paths", nargs="*")
    args = parser.parse_args()
    build = os.environ.get("MILLRACE_BUILD") or "build"
    links = build_tests(build)
    draw = random.Random(args.seed)
    files = chosen_files(args.paths)
    if args.sample and len(files) > 3:
        files = draw.sample(files, 3)
    with tempfile.TemporaryDirectory(prefix="mutate.", dir=build) as folder:
        return run(args, build, links, files, draw, folder)


def run(args, build, links, files, draw, folder):
    begun = time.time()
    program = Program(build, links, files, folder)
    skipped = equivalents()
    same = [m for m in program.mutants if (m.file, m.source, m.what) in skipped]
    mutants = [m for m in program.mutants if (m.file, m.source, m.what) not in skipped]
    if args.again:
        lines = [line.strip().split(": ", 2) for line in open(args.again)]
        lived = {(line[0], line[2]) for line in lines if len(line) == 3 and line[1] in ("survived", "no test comes by")}
        mutants = [m for m in mutants if (f"{m.file}:{m.line}", m.what) in lived]
    if args.list:
        for m in mutants:
            print(f"{m.file}:{m.line}: {m.what}")
        return 0
    for line in [n for key, n in skipped.items() if key[0] in {m.file for m in program.mutants} and key not in {(m.file, m.source, m.what) for m in same}]:
        print(f"{EQUIVALENT}:{line}: no such mutant any more")
    if args.sample:
        mutants = draw.sample(mutants, min(args.sample, len(mutants)))
    program.look_around()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        killers = []
        for mutant, killer in zip(mutants, pool.map(program.judge, mutants)):
            killers.append(killer)
            if not killer:
                print(f"{mutant.file}:{mutant.line}: {'survived' if killer is None else 'no test comes by'}: {mutant.what}", flush=True)
    return report(args, mutants, same, killers, time.time() - begun)


def report(args, mutants, same, killers, seconds):
    made, killed, left_out = collections.Counter(), collections.Counter(), collections.Counter(m.file for m in same)
    for m, killer in zip(mutants, killers):
        made[m.file] += 1
        killed[m.file] += bool(killer)
    print(f"{'':38} {'mutants':>8} {'killed':>8} {'survived':>9} {'equivalent':>11}")
    for f in sorted(made):
        print(f"{f:38} {made[f]:8} {killed[f]:8} {made[f] - killed[f]:9} {left_out[f]:11} {100 * killed[f] / made[f]:8.1f} %")
    total, dead = sum(made.values()), sum(killed.values())
    percent = 100 * dead / total if total else 0
    print(f"{'all':38} {total:8} {dead:8} {total - dead:9} {sum(left_out.values()):11} {percent:8.1f} %")
    print(f"mutate: {percent:.1f} % killed in {seconds:.0f} s" + (f", sample of {total} by seed {args.seed}" if args.sample else ""))
    if args.sample: # the tool lives: there are mutants, and tests kill
        return 0 if dead else 1
    return 0 if percent >= LEAST else 1


sys.exit(main())

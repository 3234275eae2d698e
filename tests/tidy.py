#!/usr/bin/env python3
"""clang-tidy over the files named on standard input, as build-clang compiles them; a file that was clean is not looked at again.

What clang-tidy saw is the preprocessed file with its comments and macros, and .clang-tidy: their digest names a mark in BUILD/tidy/. So after
a change only what includes it is judged. usage: git ls-files '*.c' | tests/tidy.py BUILD"""
import concurrent.futures, hashlib, json, os, shlex, subprocess, sys

build = sys.argv[1]
marks = os.path.join(build, "tidy")
os.makedirs(marks, exist_ok=True)
with open(".clang-tidy", "rb") as f:
    config = f.read() + subprocess.run(["clang-tidy", "--version"], capture_output=True).stdout
commands = {}
with open(os.path.join(build, "compile_commands.json")) as f:
    for entry in json.load(f):
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]))
        commands.setdefault(path, []).append(entry)  # kernels: a file is compiled once for each


def digest(path):
    sums = hashlib.sha256(config)
    for entry in commands.get(path, []):
        words = [w for w in shlex.split(entry["command"])]
        for option, count in (("-o", 2), ("-MF", 2), ("-MQ", 2), ("-MD", 1), ("-c", 1)):
            while option in words:
                at = words.index(option)
                del words[at : at + count]
        seen = subprocess.run(words + ["-E", "-C", "-dD"], cwd=entry["directory"], capture_output=True)
        sums.update(seen.stdout)
    return sums.hexdigest()


def judge(path):
    mark = os.path.join(marks, digest(path))
    if os.path.exists(mark):
        return path, None
    found = subprocess.run(["clang-tidy", "-p", build, "--quiet", path], capture_output=True, text=True)
    if found.returncode == 0:
        open(mark, "w").close()
    return path, found


bad = looked = 0
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for path, found in pool.map(judge, sys.stdin.read().split()):
        looked += found is not None
        if found is not None and found.returncode != 0:
            bad += 1
            print(found.stdout, found.stderr, sep="")
print(f"tidy: {looked} files judged, {bad} with findings; the others are as they were when clean", file=sys.stderr)
sys.exit(bad > 0)

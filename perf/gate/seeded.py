"""Slow-downs on purpose: is each noticed, and its place named?"""
import json, os, re, shlex, subprocess, sys

SEEDS = ( # function, its file, a case that runs through it
    ("mr_ws_read", "codecs/ws/ws.c", "ws/text_200"),
    ("mr_window_advance", "engines/window/window.c", "window/windows"),
    ("mr_bar_trade", "engines/bars/bars.c", "bars/trades"),
    ("mr_risk_look_at_account", "controlplane/risk/look_account.c", "risk/decision"),
    ("mr_bus_publish", "controlplane/bus/bus.c", "bus/publish"),
)


def slower(build, bench, function, file, nops, folder):
    """The bench with so many more instructions at each call of the function; nothing else differs."""
    text = open(file).read()
    head = re.search(r"^\w[\w *]*\b" + function + r"\([^;{]*\)\n\{", text, re.M)
    if not head:
        sys.exit(f"gate: {file} has no function {function}: perf/gate/seeded.py names it")
    source = os.path.join(folder, os.path.basename(file))
    with open(source, "w") as f:
        f.write(f'{text[:head.end()]}\n__asm__ volatile(".rept {nops}\\n\\tnop\\n\\t.endr");\n{text[head.end():]}')
    entry = next(c for c in json.load(open(f"{build}/compile_commands.json"))
                 if os.path.normpath(os.path.join(c["directory"], c["file"])) == os.path.abspath(file))
    words = shlex.split(entry["command"])
    made = os.path.join(folder, "slower.o")
    words[words.index("-o") + 1] = made
    words[-1] = os.path.abspath(source)
    words = [w for w in words if w not in ("-MD", "-Werror")] + [f"-I{os.path.dirname(os.path.abspath(file))}"]
    for flag in ("-MQ", "-MF"):
        at = words.index(flag)
        del words[at : at + 2]
    subprocess.run(words, cwd=entry["directory"], check=True)
    target = os.path.relpath(bench, build)
    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", target], check=True, capture_output=True, text=True).stdout
    link = shlex.split(commands.strip().splitlines()[-1])
    out = os.path.join(folder, "slower-bench")
    link[link.index("-o") + 1] = out
    original = os.path.relpath(os.path.join(entry["directory"], shlex.split(entry["command"])[shlex.split(entry["command"]).index("-o") + 1]), build)
    if original in link:
        link[link.index(original)] = made
    else:
        link.insert(link.index("-o") + 2, made) # before the library that has the other one
    subprocess.run(link, cwd=build, check=True)
    return out

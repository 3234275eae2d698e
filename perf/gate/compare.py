"""Two programs on the same cases: instructions of each, and time in turns."""
import json, subprocess, sys

from counts import KERNELS, count_all, culprits
from limits import LEAST, bootstrap, limit

PASSES = 9 # of each run


def cost(bench, case):
    """What an item costs, in items of the case's named reference in the same run (ns where it has none)."""
    done = subprocess.run([bench, "--json", "--passes", str(PASSES), case], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode > 1:
        sys.exit(f"gate: {bench} {case}: {done.stderr[-500:]}")
    row = next((r for r in json.loads(done.stdout) if r["name"] == case), None)
    if not row:
        sys.exit(f"gate: {bench} does not time {case}")
    if not row.get("ratio"):
        return row["ns"]
    return row["ratio"] if row.get("bound") else 1 / row["ratio"]


def in_turns(pair, case, rounds):
    """How much more the second program of the pair costs, each round: 0.03 is 3 %. They change places every other round."""
    changes = []
    for i in range(rounds):
        costs = [0, 0]
        for turn in (0, 1) if i % 2 else (1, 0):
            costs[turn] = cost(pair[turn], case)
        changes.append(costs[1] / costs[0] - 1)
    return changes


def judge_counts(now, was, deviations=()):
    """(change, limit, worse) of one case."""
    change, bound = now.total / was.total - 1, limit(list(deviations))
    return change, bound, change > bound + 1e-9


def judge_time(changes, deviations):
    """(median, low, high, limit, worse): worse when the whole interval is above the limit, which wants a history."""
    mid, low, high = bootstrap(changes)
    bound = limit(deviations)
    return mid, low, high, bound, len(deviations) >= LEAST and low > bound


def compare(new, old, wanted, rounds, history, say):
    """Rows for both ways of looking, worse ones marked; True: none is."""
    good = True
    after, before = count_all(new, wanted), count_all(old, wanted)
    say(f"{'kernel':7} {'case':32} {'was':>12} {'is':>12} {'change':>8}  instructions an item")
    for key in sorted(after):
        if key not in before:
            say(f"{key[0]:7} {key[1]:32} {'-':>12} {after[key].total:12.3f} {'':8}  new")
            continue
        change, bound, worse = judge_counts(after[key], before[key], history.of(key[1], key[0]))
        note = f"MORE (limit {bound:.1%}): {culprits(after[key], before[key])}" if worse else "less" if change < -0.01 else ""
        say(f"{key[0]:7} {key[1]:32} {before[key].total:12.3f} {after[key].total:12.3f} {change:+8.2%}  {note}")
        good &= not worse
    if rounds == 0:
        return good
    say(f"\n{'case':32} {'change':>8} {'95 % interval':>18} {'limit':>8}  time, {rounds} rounds in turns")
    for case in sorted({c for _, c in after} & {c for _, c in before}):
        known = history.of(case, "time")
        mid, low, high, bound, worse = judge_time(in_turns((old, new), case, rounds), known)
        note = "SLOWER" if worse else "" if len(known) >= LEAST else f"not judged: {len(known)} of {LEAST} runs without a change known here"
        say(f"{case:32} {mid:+8.2%} {f'{low:+.2%} to {high:+.2%}':>18} {bound:8.2%}  {note}")
        good &= not worse
    return good

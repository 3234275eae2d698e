"""How much a figure may differ before it means something: from what it did when nothing had changed."""
import json, os, random, statistics

FLOOR = 0.01
LEAST = 8 # runs without a change, before time is judged


def limit(deviations):
    """Third quartile and three times the range between quartiles beyond it (Tukey's far fence); 1 % at least."""
    if len(deviations) < 4:
        return FLOOR
    q1, _, q3 = statistics.quantiles(sorted(abs(d) for d in deviations), n=4, method="inclusive")
    return max(FLOOR, q3 + 3 * (q3 - q1))


def bootstrap(values, rounds=2000, seed=1):
    """Median and its 95 % interval: percentiles of the medians of as many values drawn again."""
    draw = random.Random(seed)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(rounds))
    return statistics.median(values), medians[int(0.025 * rounds)], medians[int(0.975 * rounds) - 1]


class History:
    """One JSON object a line: {"case", "kind", "change"}; of this machine, so it is kept in the build folder. A line that is none is told, not used."""

    def __init__(self, path):
        self.path, self.rows, self.bad = path, [], 0
        if os.path.exists(path):
            for line in open(path, errors="replace"):
                try:
                    row = json.loads(line)
                    self.rows.append((row["case"], row["kind"], float(row["change"])))
                except (ValueError, KeyError, TypeError):
                    self.bad += 1

    def of(self, case, kind):
        return [change for c, k, change in self.rows if c == case and k == kind]

    def add(self, case, kind, change):
        self.rows.append((case, kind, change))
        with open(self.path, "a") as f:
            f.write(json.dumps({"case": case, "kind": kind, "change": round(change, 6)}) + "\n")

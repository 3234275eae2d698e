#!/usr/bin/env python3
"""What the gate believes, and what it does not: cases in words, as the tests in C."""
import json, os, sys, tempfile, unittest

sys.path.insert(0, os.path.dirname(__file__))
import compare, counts, limits

OUT = """# callgrind format
fl=a.c
fn=outer
10 5
11 7
cfn=inner
calls=3 20
11 300
12 1
fn=inner.constprop.0
20 90
fi=b.h
21 6
fn=inner
20 4
"""


class Counts(unittest.TestCase):
    def test_a_functions_own_instructions_are_without_its_calls_and_pieces_are_one(self):
        total, functions = counts.parse(OUT, 1)
        self.assertEqual(total, 113)
        self.assertEqual(functions, {"outer": 13, "inner": 100})

    def test_counts_are_of_an_item(self):
        self.assertEqual(counts.parse(OUT, 4)[0], 113 / 4)

    def test_a_line_of_the_baseline_is_read_as_it_was_written(self):
        c = counts.Count.parse(counts.Count("a/b", 100, {"big": 90, "small": 1, "x=y": 9}).text() + "\n")
        self.assertEqual((c.case, c.total, c.functions), ("a/b", 100, {"big": 90, "x=y": 9}))

    def test_the_function_that_grew_is_named_first_and_those_that_shrank_are_not(self):
        was, now = counts.Count("c", 100, {"f": 50, "g": 40, "h": 10}), counts.Count("c", 110, {"f": 45, "g": 55, "h": 10})
        self.assertEqual(counts.culprits(now, was), "g +15.0")

    def test_growth_without_a_function_that_has_most_of_it_is_called_spread(self):
        self.assertIn("spread", counts.culprits(counts.Count("c", 110, {"f": 50.1}), counts.Count("c", 100, {"f": 50})))


class Limits(unittest.TestCase):
    def test_without_a_history_it_is_one_percent(self):
        self.assertEqual(limits.limit([]), 0.01)
        self.assertEqual(limits.limit([0.5, 0.5, 0.5]), 0.01)

    def test_a_quiet_history_does_not_bring_it_below_one_percent(self):
        self.assertEqual(limits.limit([0.0] * 50), 0.01)

    def test_it_is_the_third_quartile_and_three_ranges(self):
        self.assertAlmostEqual(limits.limit([0.01, 0.02, 0.03, 0.04, 0.05]), 0.04 + 3 * 0.02)

    def test_a_deviation_counts_whichever_way_it_went(self):
        self.assertEqual(limits.limit([-0.01, 0.02, -0.03, 0.04, -0.05]), limits.limit([0.01, 0.02, 0.03, 0.04, 0.05]))

    def test_the_interval_holds_the_median_and_is_the_same_each_time(self):
        values = [0.01, 0.03, 0.02, 0.05, 0.04, 0.02, 0.03]
        mid, low, high = limits.bootstrap(values)
        self.assertTrue(low <= mid <= high)
        self.assertEqual((mid, low, high), limits.bootstrap(values))
        self.assertEqual(limits.bootstrap([0.02] * 5), (0.02, 0.02, 0.02))

    def test_a_history_survives_lines_that_are_none(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as f:
            f.write('{"case": "a", "kind": "time", "change": 0.01}\nnonsense\n{"case": "a"}\n{"case": "b", "kind": "time", "change": 1}\n[1]\n')
            f.flush()
            h = limits.History(f.name)
            self.assertEqual((h.of("a", "time"), h.of("a", "avx2"), h.bad), ([0.01], [], 3))
            h.add("a", "time", -0.02)
            self.assertEqual(limits.History(f.name).of("a", "time"), [0.01, -0.02])


class Judging(unittest.TestCase):
    def counted(self, now, deviations=()):
        return compare.judge_counts(counts.Count("c", now, {}), counts.Count("c", 1000, {}), deviations)[2]

    def test_counts_below_at_and_above_the_limit(self):
        self.assertFalse(self.counted(900))
        self.assertFalse(self.counted(1000))
        self.assertFalse(self.counted(1010))
        self.assertTrue(self.counted(1011))

    def test_a_case_that_is_known_to_move_may_move(self):
        self.assertFalse(self.counted(1030, [0.0, 0.01, 0.02, 0.02, 0.01]))
        self.assertTrue(self.counted(1080, [0.0, 0.01, 0.02, 0.02, 0.01]))

    def test_time_is_not_judged_without_a_history(self):
        self.assertFalse(compare.judge_time([0.5] * 9, [0.001] * 7)[4])
        self.assertTrue(compare.judge_time([0.5] * 9, [0.001] * 8)[4])

    def test_time_is_worse_only_when_the_whole_interval_is(self):
        quiet = [0.002] * 20
        self.assertFalse(compare.judge_time([0.05, 0.0, 0.05, -0.01, 0.05, 0.0, 0.05], quiet)[4])
        self.assertTrue(compare.judge_time([0.05, 0.04, 0.05, 0.06, 0.05, 0.03, 0.05], quiet)[4])
        self.assertFalse(compare.judge_time([-0.5] * 7, quiet)[4])


class Turns(unittest.TestCase):
    """Programs that say what they were asked in place of the bench."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.log = folder.name, os.path.join(folder.name, "log")

    def bench(self, name, *rows):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(f"#!/bin/sh\necho {name} >> {self.log}\ncat <<'END'\n{json.dumps(rows)}\nEND\n")
        os.chmod(path, 0o755)
        return path

    def test_a_cost_is_in_items_of_the_reference_whichever_way_the_ratio_is(self):
        self.assertEqual(compare.cost(self.bench("a", {"name": "x/y", "ratio": 4, "ns": 3, "bound": False}), "x/y"), 0.25)
        self.assertEqual(compare.cost(self.bench("b", {"name": "x/y", "ratio": 1.5, "ns": 3, "bound": True}), "x/y"), 1.5)
        self.assertEqual(compare.cost(self.bench("c", {"name": "x/y", "ratio": None, "ns": 3}), "x/y"), 3)

    def test_a_program_that_lacks_the_case_is_named(self):
        with self.assertRaisesRegex(SystemExit, "older does not time x/y"):
            compare.cost(self.bench("older", {"name": "x/z", "ratio": 4, "ns": 3}), "x/y")

    def test_both_programs_change_places_and_the_second_is_judged_by_the_first(self):
        old, new = self.bench("old", {"name": "x/y", "ns": 2}), self.bench("new", {"name": "x/y", "ns": 3})
        self.assertEqual(compare.in_turns((old, new), "x/y", 2), [0.5, 0.5])
        self.assertEqual(open(self.log).read().split(), ["new", "old", "old", "new"])

    def test_a_program_may_stand_beside_itself(self):
        one = self.bench("one", {"name": "x/y", "ns": 2})
        self.assertEqual(compare.in_turns((one, one), "x/y", 3), [0, 0, 0])


if __name__ == "__main__":
    unittest.main()

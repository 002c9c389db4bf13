#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a capacity search takes of a scenario, its options and OpenSLO documents, on a real server.

capacity_objectives_test.py <streamgauged>
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

DAEMON = sys.argv.pop(1)
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
OPENSLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: NAME}
spec:
  indicator:
    metadata: {name: i}
    spec: SPEC
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: METHOD
  objectives: [OBJECTIVE]
"""
# Nothing is ever so fast.
FAST = (OPENSLO.replace("NAME", "instant").replace("METHOD", "Occurrences").replace("OBJECTIVE", "{target: 0.95}").replace(
    "SPEC", "{ratioMetric: {counter: true, good: {metricSource: {type: Streamgauge, spec: {kind: latency, route: /events, thresholdMs: 0.001}}}, "
    "total: {metricSource: {type: Streamgauge, spec: {kind: latency, route: /events}}}}}"))
FRESH = (OPENSLO.replace("NAME", "fresh").replace("METHOD", "Timeslices").replace("OBJECTIVE", "{op: lt, value: 1000, target: 0.99}").replace(
    "SPEC", "{thresholdMetric: {metricSource: {type: Streamgauge, spec: {kind: freshness}}}}"))


class CapacityObjectives(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([DAEMON, "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data-dir", self.path("data"),
                                         "--log-level", "error"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)
        line = next(line for line in self.process.stdout if line.startswith("listening on "))
        self.url = line.split()[-1].rstrip("/") + "/events"

    def tearDown(self):
        self.process.terminate()
        self.assertEqual(self.process.wait(30), 0)
        self.process.stdout.close()
        self.scratch.cleanup()

    def path(self, name, text=None):
        path = os.path.join(self.scratch.name, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return path

    def search(self, *arguments):
        """One step at 20/s ends it where something fails. A machine that stood still is asked again."""
        for _ in range(5):
            done = self.search_once(*arguments)
            if "the generator is the limit" not in done.stdout:
                break
        return done

    def search_once(self, *arguments):
        return subprocess.run([DAEMON, "load", "capacity", "--first-rate", "20", "--highest-rate", "21", "--budget", "60s",
                               "--json", self.path("answer.json"), *arguments],
                              capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=100)

    def answer(self):
        with open(self.path("answer.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_documents_of_a_server_must_hold_and_what_no_step_can_tell_is_named(self):
        both = self.path("slo.yaml", FAST + "---" + FRESH)
        done = self.search("--url", self.url, "--objectives", both)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(self.answer()["end"], "nothing held")
        self.assertEqual(self.answer()["limiting"], "instant: 95 % within 0.001 ms")
        self.assertIn("Limited by instant: 95 % within 0.001 ms", done.stdout)
        self.assertEqual(self.answer()["left_out"], ["fresh: a run sees availability, latency and errors"])
        self.assertIn("objective left out: fresh: ", done.stderr)
        done = self.search("--url", self.url, "--objectives", self.path("only.yaml", FRESH))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("no objective that a run can see; fresh: ", done.stderr)

    def test_a_scenarios_objectives_must_hold(self):
        scenario = "url: %s\nstages: [{rate: 1, for: 1s}]\nobjectives:\n  - {name: %s, kind: %s, target: 95%%%s}\n"
        done = self.search("--scenario", self.path("s.yaml", scenario % (self.url, "slow", "latency", ", threshold: 0.001ms")))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(self.answer()["limiting"], "slow: 95 % within 0.001 ms")
        # Of a kind that a step cannot tell it is refused, not left out.
        done = self.search("--scenario", self.path("s.yaml", scenario % (self.url, "fresh", "freshness", "")))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("objectives[0].kind", done.stderr)
        done = self.search("--scenario", self.path("s.yaml", "url: %s\nreplay: {journal: %s}\n" % (self.url, self.path("data"))))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("replays nothing", done.stderr)

    def test_options_are_above_the_scenario_only_where_they_are_given(self):
        def sent(text, *options):
            scenario = "url: %s\nstages: [{rate: 1, for: 1s}]\nobjectives: [{kind: latency, target: 95%%, threshold: 0.001ms}]\n%s" % (self.url, text)
            done = self.search("--scenario", self.path("s.yaml", scenario), *options)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            return self.answer()["max_in_flight"], self.answer()["seed"]
        said = "max_in_flight: 7\nseed: 5\n"
        self.assertEqual(sent(said), (7, 5))
        self.assertEqual(sent(said, "--connections", "9", "--seed", "6"), (9, 6))
        self.assertEqual(sent(""), (1000, 1))


if __name__ == "__main__":
    unittest.main()

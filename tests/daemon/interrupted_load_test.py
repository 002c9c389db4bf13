#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load runs whose server, or whose generator, is killed: they are kept as interrupted, once, with what was known.

interrupted_load_test.py <streamgauged>
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

DAEMON = os.path.abspath(sys.argv.pop(1))
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
PATIENCE = 100


class InterruptedLoad(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.data = os.path.join(scratch.name, "data")
        self.notes = os.path.join(self.data, "loadruns-under-way")
        self.server = None
        self.addCleanup(self.end, signal.SIGTERM)

    def serve(self):
        self.server = subprocess.Popen([DAEMON, "serve", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0", "--dev", "--data-dir", self.data],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)
        self.target, self.token, self.url = self.said("listening on "), None, self.said("management on ")
        self.token = self.ask("POST", "/api/v1/auth/login", json.dumps({"username": "demo", "password": "demo123"}))["token"]

    def said(self, words):
        line = next(line for line in self.server.stdout if line.startswith(words))
        return line.split()[-1].rstrip("/")

    def end(self, how):
        if self.server is None:
            return
        server, self.server = self.server, None
        server.send_signal(how)
        self.assertEqual(server.wait(PATIENCE), 0 if how == signal.SIGTERM else -how)
        server.stdout.close()

    def text(self, method, path, body=None, kind="application/json"):
        headers = {"Content-Type": kind}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, body.encode() if body is not None else None, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def ask(self, *arguments):
        return json.loads(self.text(*arguments) or "null")

    def until(self, what):
        deadline = time.monotonic() + PATIENCE
        while True:
            found = what()
            if found:
                return found
            self.assertLess(time.monotonic(), deadline, self.ask("GET", "/api/v1/load/status"))
            time.sleep(0.05)

    def start(self, more=""):
        scenario = f"name: evening\nurl: {self.target}/events\nseed: 77\nstages:\n  - {{rate: 200, for: 600s}}\n{more}"
        return self.ask("POST", "/api/v1/load/runs", scenario, "application/yaml")["run_id"]

    def noted(self, run):
        """The report that is kept for the case that the server dies now."""
        with open(os.path.join(self.notes, run + ".json"), encoding="utf-8") as file:
            return json.loads(file.read().split("\n", 1)[1])

    def kept(self):
        return self.ask("GET", "/api/v1/load/runs")["runs"]

    def generator(self):
        """Process ids of the server's generator."""
        found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.server.pid)], capture_output=True, text=True, check=False).stdout
        return [int(line.split()[0]) for line in found.splitlines() if "load-worker" in line]

    def expect_interrupted(self, run, cause):
        self.assertEqual(run["state"], "interrupted", run)
        self.assertEqual(run["generator"], "invalid")
        self.assertEqual((run["name"], run["seed"], run["by"], run["passed"]), ("evening", 77, "demo", False), run)
        report = self.ask("GET", f"/api/v1/load/runs/{run['run_id']}/report")
        self.assertEqual(report["state"], "interrupted")
        self.assertIn(cause, report["stopped_by"])
        self.assertIn("interrupted: " + cause, report["certificate"]["reasons"][0])
        self.assertIn("rate: 200", report["scenario"])
        return report

    def test_a_run_whose_server_is_killed_is_kept_as_interrupted(self):
        self.serve()
        run = self.start("thresholds: ['p(95)<5000', 'errors<50%']\n")
        begun = self.noted(run)
        self.assertEqual((begun["state"], begun["seed"], begun["url"]), ("interrupted", 77, self.target + "/events"))
        self.until(lambda: self.ask("GET", "/api/v1/load/status")["state"] == "running")
        self.ask("POST", "/api/v1/load/hand", '{"action":"rate","rate":150}')
        known = self.until(lambda: (note := self.noted(run)) and len(note["seconds"]) >= 3 and note["hand"] and note)
        workers = self.generator()
        self.assertEqual(len(workers), 1)
        self.end(signal.SIGKILL)
        self.serve()
        kept = self.until(self.kept)
        self.assertEqual([one["run_id"] for one in kept], [run])
        report = self.expect_interrupted(kept[0], "the server ended")
        self.assertGreaterEqual(len(report["seconds"]), len(known["seconds"]))
        self.assertEqual([one["second"] for one in report["seconds"]], list(range(len(report["seconds"]))))
        self.assertEqual([(one["action"]["action"], one["action"]["rate"]) for one in report["hand"]], [("rate", 150)])
        self.assertEqual(report["hand"], known["hand"])
        self.assertGreater(kept[0]["good"], 0)
        self.assertEqual(report["totals"]["planned"],
                         sum(report["totals"][name] for name in ("done", "failed", "dropped", "unfinished")))
        self.assertGreater(kept[0]["p95_ms"], 0, "of the seconds that are known")
        self.assertEqual([one["passed"] for one in report["thresholds"]], [False, False], "not to their end")
        self.until(lambda: os.listdir(self.notes) == [])
        for form, words in (("csv", "second,planned"), ("html", "Interrupted: the server ended"), ("junit", "the run came to its end"),
                            ("summary", "http_req_duration"), ("hdr", "Tag=response")):
            self.assertIn(words, self.text("GET", f"/api/v1/load/runs/{run}/report?format={form}"))
        compared = self.ask("GET", f"/api/v1/load/compare?before={run}&after={run}")
        self.assertIn("it was interrupted: the server ended", json.dumps(compared["warnings"]))
        listed = subprocess.run([DAEMON, "load", "runs", "--data-dir", self.data], capture_output=True, text=True, env=ENVIRONMENT, check=False)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("interrupted", listed.stdout)
        # Killed once more, and no more runs come of it.
        self.end(signal.SIGKILL)
        self.serve()
        self.assertEqual(self.kept(), kept)
        # A run that comes to its end leaves no note, and its own report.
        again = self.start()
        self.until(lambda: self.ask("GET", "/api/v1/load/status")["done"] > 20)
        self.ask("POST", "/api/v1/load/stop", "")
        self.until(lambda: [one["state"] for one in self.kept() if one["run_id"] == again] == ["stopped"])
        self.until(lambda: os.listdir(self.notes) == [])

    def test_a_run_whose_generator_is_killed_is_kept_at_once(self):
        self.serve()
        run = self.start()
        self.until(lambda: self.ask("GET", "/api/v1/load/status")["elapsed_seconds"] > 2.2)
        for worker in self.generator():
            os.kill(worker, signal.SIGKILL)
        kept = self.until(self.kept)
        self.assertEqual([one["run_id"] for one in kept], [run])
        report = self.expect_interrupted(kept[0], "its generator ended with signal 9")
        self.assertGreaterEqual(len(report["seconds"]), 2, "all that had ended")
        self.until(lambda: self.ask("GET", "/api/v1/load/status")["state"] == "failed")
        self.until(lambda: os.listdir(self.notes) == [])

    def test_a_search_whose_server_is_killed_is_kept_with_its_steps(self):
        self.serve()
        ask = {"scenario": f"name: evening\nurl: {self.target}/events\nstages: [{{rate: 1, for: 1s}}]\n", "objectives": ["errors<1%"],
               "first_rate": 20, "highest_rate": 0, "budget_seconds": 175}
        run = self.ask("POST", "/api/v1/load/capacity", json.dumps(ask))["run_id"]
        self.until(lambda: [step for step in self.noted(run)["status"]["capacity"]["steps"] if step["held"]])
        self.end(signal.SIGKILL)
        self.serve()
        kept = self.until(self.kept)
        self.assertEqual([(one["run_id"], one["state"], one["passed"], one["by"]) for one in kept], [(run, "interrupted", False, "demo")])
        report = self.ask("GET", f"/api/v1/load/runs/{run}/report")["status"]["capacity"]
        self.assertEqual(report["end"], "interrupted: the server ended")
        self.assertTrue([step for step in report["steps"] if step["held"]])
        compared = self.ask("GET", f"/api/v1/load/compare?before={run}&after={run}")
        self.assertEqual(compared["verdict"], "too few")
        self.assertIn("rate,answered_rate", self.text("GET", f"/api/v1/load/runs/{run}/report?format=csv"))


if __name__ == "__main__":
    unittest.main()

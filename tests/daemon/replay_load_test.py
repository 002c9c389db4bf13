#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded traffic sent again: a real server's journal, while it runs, into another real server; and access logs.

replay_load_test.py <streamgauged> <docs/load.md>
"""
import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

DAEMON, PAGE = sys.argv.pop(1), sys.argv.pop(1)
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}


class Server:
    def __init__(self, directory):
        self.directory = directory
        self.process = subprocess.Popen([DAEMON, "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data-dir", directory,
                                         "--log-level", "error"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)
        line = next(line for line in self.process.stdout if line.startswith("listening on "))
        self.url = line.split()[-1].rstrip("/")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(30)
        self.process.stdout.close()
        return code

    def post(self, body):
        request = urllib.request.Request(self.url + "/events", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status

    def text(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read().decode()

    def events(self, count):
        """All of them, oldest first; waits until so many can be seen."""
        deadline = time.monotonic() + 30
        while True:
            found = json.loads(self.text("/api/v1/events?limit=1000"))
            if len(found) >= count or time.monotonic() > deadline:
                return found[::-1]
            time.sleep(0.05)

    def outcomes(self):
        return {name: int(value) for name, value in
                re.findall(r'^streamgauge_events_total\{outcome="(\w+)"\} (\d+)', self.text("/prometheus"), re.M)}


def load(*arguments):
    return subprocess.run([DAEMON, "load", *arguments], capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=120)


def content(event):
    """What a replay keeps: everything but the number, the id and the times."""
    return {k: v for k, v in event.items() if k not in ("id", "eventId", "occurredAt", "receivedAt", "bot")}


class ReplayLoad(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            self.assertEqual(server.stop(), 0)
        self.scratch.cleanup()

    def path(self, name):
        return os.path.join(self.scratch.name, name)

    def server(self, name):
        self.servers.append(Server(self.path(name)))
        return self.servers[-1]

    def recorded(self, name="a"):
        """A server with events of every form, sent in requests of different sizes."""
        source = self.server(name)
        strange = {"event_id": "s\u00e4 \"1\"", "event_type": "b\u00fcy", "user_id": "u\\\"1\n", "session_id": "\U0001f600", "page_url": "/\u00e4?x=\"y\"",
                   "schema_version": 3, "properties": {"n": 1.5, "big": 9007199254740993, "t": "\u0001\u001f\u2028", "deep": [{"a": [None, True]}], "": {}}}
        requests = [strange, [{"event_id": f"m{i}", "event_type": "view", "user_id": f"u{i % 3}"} for i in range(50)]]
        for i in range(30):
            requests.append({"event_type": "click", "properties": {"i": i}})  # the door makes its id
        requests.append([{"event_id": "m1", "event_type": "view"}, {"event_id": "late", "event_type": "late", "occurred_at": "2020-02-02T02:02:02Z"}])
        for body in requests:
            source.post(body)
            time.sleep(0.01)  # so that there are gaps
        return source, 1 + 50 + 30 + 1

    def test_a_running_servers_journal_arrives_once_each_as_it_was(self):
        source, count = self.recorded()
        before = source.events(count)
        self.assertEqual(len(before), count)
        target = self.server("b")
        report = self.path("run.json")
        done = load("--url", target.url + "/events", "--replay-journal", source.directory, "--replay-speed", "10", "--out", f"json={report}")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertIn("replayed journal", done.stdout)
        after = target.events(count)
        self.assertEqual(len(after), count)
        key = lambda event: json.dumps(content(event), sort_keys=True)  # noqa: E731
        self.assertEqual(sorted(map(key, before)), sorted(map(key, after)))
        known = {event["eventId"] for event in before}
        self.assertEqual([event for event in after if event["eventId"] in known], [])
        self.assertEqual(target.outcomes(), {"accepted": count, "duplicate": 0, "invalid": 0})
        with open(report, encoding="utf-8") as file:
            run = json.load(file)
        self.assertEqual(run["replay"]["events"], count)
        self.assertEqual(run["replay"]["requests"], 33)
        self.assertEqual(run["totals"]["done"], 33)
        self.assertEqual(run["replay"]["left_out"], 0)
        # It lasted a tenth of what it lasted then, by the plan.
        then = (run["replay"]["last_us"] - run["replay"]["first_us"]) / 1e6
        self.assertAlmostEqual(run["planned_seconds"], then / 10, delta=0.002)
        # Times are now, but for what was late then.
        late = [event for event in after if event["eventType"] == "late"]
        self.assertTrue(late[0]["occurredAt"].startswith("2020-02-02"), late)
        self.assertFalse(any(event["occurredAt"].startswith("2020") for event in after if event["eventType"] != "late"))

    def test_kept_ids_are_duplicates_the_second_time(self):
        source, count = self.recorded()
        target = self.server("b")
        options = ("--url", target.url + "/events", "--replay-journal", source.directory, "--replay-speed", "100", "--replay-keep-ids", "--replay-keep-times")
        for accepted, duplicate in ((count, 0), (count, count)):
            done = load(*options)
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
            target.events(count)
            self.assertEqual(target.outcomes(), {"accepted": accepted, "duplicate": duplicate, "invalid": 0})
        strip = lambda event: {k: v for k, v in event.items() if k not in ("id", "receivedAt", "bot")}  # noqa: E731
        key = lambda event: json.dumps(strip(event), sort_keys=True)  # noqa: E731
        self.assertEqual(sorted(map(key, source.events(count))), sorted(map(key, target.events(count))))

    def test_a_server_can_get_its_own_journal_back_without_end(self):
        source, count = self.recorded()
        done = load("--url", source.url + "/events", "--replay-journal", source.directory, "--replay-speed", "50")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(source.events(2 * count)), 2 * count)

    def test_a_busy_journal_is_replayed_as_it_stood(self):
        source, target = self.server("a"), self.server("b")
        busy = subprocess.Popen([DAEMON, "load", "--url", source.url + "/events", "--rate", "100", "--batch", "10", "--duration", "6s"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
        try:
            self.assertGreaterEqual(len(source.events(200)), 200)
            report = self.path("run.json")
            done = load("--url", target.url + "/events", "--replay-journal", source.directory, "--replay-speed", "20", "--out", f"json={report}")
        finally:
            code = busy.wait(60)
        self.assertEqual(code, 0)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        with open(report, encoding="utf-8") as file:
            run = json.load(file)
        self.assertGreaterEqual(run["replay"]["events"], 200)
        self.assertEqual(target.outcomes(), {"accepted": run["replay"]["events"], "duplicate": 0, "invalid": 0})
        self.assertEqual(run["totals"]["done"], run["replay"]["requests"])
        self.assertEqual(source.outcomes(), {"accepted": 6000, "duplicate": 0, "invalid": 0})

    def test_an_access_log_is_sent_with_its_paths(self):
        target = self.server("b")
        log = self.path("access.log")
        lines = ['::1 - - [31/Jan/2026:10:00:00 +0000] "GET /health HTTP/1.1" 200 2 "-" "curl"',
                 '::1 - - [31/Jan/2026:10:00:00 +0000] "POST /events HTTP/1.1" 202 2 "-" "curl"',
                 '{"time":"2026-01-31T10:00:01.5Z","method":"POST","uri":"/events","body":{"event_id":"one","event_type":"kept"}}',
                 '::1 - - [31/Jan/2026:10:00:02 +0000] "DELETE /events HTTP/1.1" 405 2 "-" "curl"',
                 '::1 - - [31/Jan/2026:12:00:02 +0000] "GET /health HTTP/1.1" 200 2 "-" "curl"']
        with gzip.open(log + ".gz", "wt", encoding="utf-8") as file:
            file.write("\r\n".join(lines))
        with open(log, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        for path in (log, log + ".gz"):
            done = load("--url", target.url, "--replay-log", path, "--replay-speed", "10", "--replay-to", "2026-01-31T11:00:00Z")
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
            self.assertIn("planned 3   sent 3   done 3", done.stdout)
            self.assertIn("1 left out (DELETE 1)", done.stdout)
        # What it changes or removes is sent where that is said; this server knows no such route.
        report = self.path("run.json")
        done = load("--url", target.url, "--replay-log", log, "--replay-speed", "10", "--replay-to", "2026-01-31T11:00:00Z",
                    "--replay-methods", "GET,DELETE", "--out", f"json={report}")
        self.assertIn("planned 2   sent 2   done 1   failed 1", done.stdout, done.stderr)
        with open(report, encoding="utf-8") as file:
            run = json.load(file)
        self.assertEqual(run["replay"]["left_out_methods"], {"POST": 2})
        self.assertEqual([error["kind"] for error in run["errors"]], ["status_405"])
        found = target.events(3)
        self.assertEqual(sorted(event["eventType"] for event in found), ["kept", "request", "request"])
        self.assertEqual(target.outcomes()["duplicate"], 1)

    def test_what_is_wrong_is_said_before_anything_is_sent(self):
        target = self.server("b")
        url = ("--url", target.url + "/events")
        for wrong, said in ((("--replay-journal", self.path("none")), "replay.journal"),
                            (("--replay-log", self.path("none")), "replay.access_log"),
                            (("--replay-journal", "own"), "replay.journal"),
                            (("--replay-speed", "2"), "replay"),
                            (("--replay-journal", self.path("b"), "--rate", "5"), "rate"),
                            (("--replay-journal", self.path("b"), "--duration", "5s"), "duration"),
                            (("--replay-journal", self.path("b"), "--replay-speed", "0"), "replay.speed"),
                            (("--replay-journal", self.path("b"), "--replay-from", "now"), "replay.from"),
                            (("--replay-journal", self.path("b")), "replay"),  # empty: but for the server's own events
                            (("--replay-journal", self.path("b"), "--replay-log", self.path("x")), "replay"),
                            (("--replay-journal", self.path("b"), "--end-to-end"), "end_to_end.check")):
            done = load(*url, *wrong)
            self.assertEqual(done.returncode, 104, (wrong, done.stderr))
            self.assertIn(f"field {said}", done.stderr, wrong)
        # Another host needs its confirmation as any load does, and is asked for it before the journal is read.
        done = load("--url", "http://192.0.2.1/events", "--replay-journal", self.path("none"))
        self.assertEqual(done.returncode, 104)
        self.assertIn("--target-confirm 192.0.2.1", done.stderr)
        self.assertEqual(target.outcomes()["accepted"], 0)

    def test_the_pages_commands_run(self):
        source, _ = self.recorded()
        target = self.server("b")
        log = self.path("access.log")
        with open(log, "w", encoding="utf-8") as file:
            file.write('::1 - - [31/Jan/2026:10:00:00 +0000] "POST /events HTTP/1.1" 202 2\n')
        with open(PAGE, encoding="utf-8") as file:
            block = re.search(r"<!-- replay -->\n```sh\n(.*?)```", file.read(), re.S).group(1)
        for command in block.splitlines():
            command = command.replace("http://127.0.0.1:8080", target.url).replace("/var/lib/streamgauge", source.directory).replace("access.log", log)
            words = shlex.split(command)
            self.assertEqual(words[:2], ["streamgauged", "load"])
            done = load(*words[2:])
            self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertEqual(target.outcomes()["accepted"], 83)


if __name__ == "__main__":
    unittest.main()

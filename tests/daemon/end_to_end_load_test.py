#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load runs that read back what they sent, with the real program: on the command line, over TLS, cut short by Ctrl-C
and by REST, and what a watcher sees meanwhile. end_to_end_load_test.py <streamgauged>"""
import http.client
import http.server
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

DAEMON = os.path.abspath(sys.argv.pop(1))
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
PATIENCE = 60


class LosingProxy(http.server.ThreadingHTTPServer):
    """Forwards requests to a server, but says of every tenth only that it was taken."""
    daemon_threads = True

    def __init__(self, port):
        self.port, self.posts, self.lock = port, 0, threading.Lock()
        super().__init__(("127.0.0.1", 0), LosingHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/events"

    def number(self):
        with self.lock:
            self.posts += 1
            return self.posts


class LosingHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.number() % 10 != 0:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
            connection.request("POST", "/events", body, {"Content-Type": "application/json"})
            connection.getresponse().read()
            connection.close()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class EndToEndLoad(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def serve(self, *options, listen="127.0.0.1:0"):
        server = subprocess.Popen([DAEMON, "serve", "--listen", listen, "--data-dir", self.path("data"), *options],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)

        def stop():
            server.terminate()
            self.assertEqual(server.wait(PATIENCE), 0)
            server.stdout.close()
        self.addCleanup(stop)
        self.server = server
        return self.said("listening on ")

    def said(self, words):
        line = next(line for line in self.server.stdout if line.startswith(words))
        return line.split()[-1].rstrip("/")

    def scenario(self, text):
        with open(self.path("scenario.yaml"), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path("scenario.yaml")

    def report(self):
        with open(self.path("report.json"), encoding="utf-8") as file:
            return json.load(file)

    def load(self, *arguments):
        done = subprocess.run([DAEMON, "load", *arguments, "--out", "json=" + self.path("report.json")], capture_output=True, text=True,
                              env=ENVIRONMENT, check=False, timeout=2 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def expect_all(self, found, events):
        self.assertEqual([found[name] for name in ("acknowledged", "visible", "lost", "repeated")], [events, events, 0, 0], found)
        self.assertTrue(found["sums_equal"], found)

    def losing(self, url):
        """A proxy before the server that loses some of what it acknowledges."""
        proxy = LosingProxy(int(url.rsplit(":", 1)[1]))
        self.addCleanup(proxy.server_close)
        self.addCleanup(proxy.shutdown)
        return proxy

    def test_the_command_says_what_became_of_its_events(self):
        url = self.serve("--management", "off")
        said = self.load("--url", url + "/events", "--rate", "50", "--duration", "2s", "--end-to-end", "--threshold", "lost==0",
                         "--threshold", "freshness<30s", "--report-json-lines")
        self.expect_all(self.report()["end_to_end"], 100)
        lines = [json.loads(line) for line in said.splitlines()]
        self.assertGreater(max(line["end_to_end"]["visible"] for line in lines if line["end_to_end"]), 0)
        # All before the last one are of a run that goes on, and the last one says what was found.
        self.assertEqual({line["state"] for line in lines[1:-1]}, {"running"})
        self.assertEqual((lines[-1]["state"], lines[-1]["end_to_end"]["visible"], lines[-1]["end_to_end"]["missing"]), ("done", 100, 0))
        seconds = {second["second"]: second["ok"] for line in lines for second in line["seconds"]}
        self.assertEqual(sum(seconds.values()), 100, seconds)
        self.assertIn("lost 0", self.load("--url", url + "/events", "--rate", "20", "--duration", "1s", "--end-to-end"))

    def test_events_are_read_back_over_tls(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.path("key.pem"),
                        "-out", self.path("certificate.pem")], check=True, capture_output=True, timeout=PATIENCE)
        url = self.serve("--management", "off", "--tls-certificate", self.path("certificate.pem"), "--tls-key", self.path("key.pem"),
                         listen="https://127.0.0.1:0")
        scenario = f"url: {url}/events\nstages:\n  - {{rate: 50, for: 1s}}\nend_to_end: {{check: true}}\n"
        self.load(self.scenario(scenario + f"tls: {{ca_file: {self.path('certificate.pem')}, server_name: localhost}}\n"))
        found = self.report()["end_to_end"]
        self.expect_all(found, 50)
        self.assertEqual(found["unknown"], [])
        refused = subprocess.run([DAEMON, "load", self.scenario(scenario)], capture_output=True, text=True, env=ENVIRONMENT, check=False,
                                 timeout=PATIENCE)
        self.assertEqual(refused.returncode, 1, "nobody whom it trusts has signed the certificate")
        self.assertIn("end_to_end.query_url", refused.stderr)

    def test_ctrl_c_ends_the_wait_for_what_does_not_come(self):
        url = self.serve("--management", "off")
        proxy = self.losing(url)
        scenario = self.scenario(f"url: {proxy.url}\nstages:\n  - {{rate: 50, for: 1s}}\n"
                                 f"end_to_end: {{check: true, settle: 600s, query_url: '{url}'}}\n")
        load = subprocess.Popen([DAEMON, "load", scenario, "--report-json-lines", "--out", "json=" + self.path("report.json")],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        # All was answered and the plan is over; the run goes on, and says each quarter of a second what it still waits for.
        waiting = (status for status in map(json.loads, load.stdout) if status["done"] == 50 and status["elapsed_seconds"] >= 1)
        for _ in range(3):
            status = next(waiting)
            self.assertEqual((status["state"], status["end_to_end"]["acknowledged"]), ("running", 50), status)
            self.assertGreater(status["end_to_end"]["missing"], 0)
        load.send_signal(signal.SIGINT)
        began = time.monotonic()
        last = list(map(json.loads, load.stdout))[-1]
        _, said = load.communicate(timeout=PATIENCE)
        self.assertLess(time.monotonic() - began, 30, "a second or two")
        self.assertEqual(load.returncode, 105, said)
        found = self.report()["end_to_end"]
        self.assertEqual((found["acknowledged"], found["complete"]), (50, False), found)
        self.assertIn("cut short", " ".join(found["unknown"]))
        self.assertEqual((last["state"], last["end_to_end"]["missing"]), ("done", found["lost"]), "the last line is final")

    def test_a_terminal_shows_what_is_waited_for(self):
        url = self.serve("--management", "off")
        proxy = self.losing(url)
        scenario = self.scenario(f"url: {proxy.url}\nstages:\n  - {{rate: 50, for: 1s}}\n"
                                 f"end_to_end: {{check: true, settle: 8s, query_url: '{url}'}}\n")
        terminal, theirs = pty.openpty()
        load = subprocess.Popen([DAEMON, "load", scenario], stdout=theirs, stderr=theirs, env=ENVIRONMENT)
        os.close(theirs)
        shown = b""
        try:
            while more := os.read(terminal, 10000):
                shown += more
        except OSError:
            pass  # how a terminal whose other side was closed ends
        os.close(terminal)
        self.assertEqual(load.wait(PATIENCE), 0, shown)
        self.assertIn(b"  missing 5", shown)
        self.assertIn(b"lost 5 ", shown)

    # ---- started over REST, run by the worker
    def ask(self, method, path, body=None, kind="application/json"):
        headers = {"Content-Type": kind}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        request = urllib.request.Request(self.url + path, body.encode() if body is not None else None, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or b"null")

    def serve_operators(self):
        self.target = self.serve("--management", "127.0.0.1:0", "--dev")
        self.token, self.url = None, self.said("management on ")
        self.token = self.ask("POST", "/api/v1/auth/login", json.dumps({"username": "demo", "password": "demo123"}))["token"]

    def start(self, duration):
        scenario = f"url: {self.target}/events\nstages:\n  - {{rate: 50, for: {duration}}}\nend_to_end: {{check: true}}\n"
        return self.ask("POST", "/api/v1/load/runs", scenario, "application/yaml")["run_id"]

    def until(self, so):
        deadline = time.monotonic() + PATIENCE
        while True:
            status = self.ask("GET", "/api/v1/load/status")
            if so(status):
                return status
            self.assertLess(time.monotonic(), deadline, status)
            time.sleep(0.05)

    def test_a_watcher_sees_how_far_a_run_is_read_back(self):
        self.serve_operators()
        run = self.start("10s")
        status = self.until(lambda s: s["state"] != "starting" and (s["state"] != "running" or (s["end_to_end"] or {}).get("visible")))
        self.assertEqual(status["state"], "running", status)
        self.assertGreater(status["end_to_end"]["query_p99_ms"], 0)
        status = self.until(lambda s: s["state"] not in ("starting", "running"))
        self.assertEqual(status["state"], "done", status)
        self.assertEqual([status["end_to_end"][name] for name in ("acknowledged", "visible", "missing")], [500, 500, 0])
        self.expect_all(self.ask("GET", f"/api/v1/load/runs/{run}/report")["end_to_end"], 500)

    def test_a_run_that_is_stopped_is_read_back_and_kept(self):
        self.serve_operators()
        run = self.start("600s")
        self.until(lambda s: s["done"] > 20)
        status = self.ask("POST", "/api/v1/load/stop", "")
        self.assertEqual(status["state"], "stopped", status)
        found = self.ask("GET", f"/api/v1/load/runs/{run}/report")["end_to_end"]
        self.assertGreaterEqual(found["visible"], 20)
        self.assertEqual(found["visible"], status["end_to_end"]["visible"])


if __name__ == "__main__":
    unittest.main()

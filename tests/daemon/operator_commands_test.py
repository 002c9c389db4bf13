#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`doctor` and `reset` as a person meets them: the real program, beside a real server. operator_commands_test.py <streamgauged>"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

DAEMON = sys.argv.pop(1)
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}


def run(*arguments, answer=""):
    return subprocess.run([DAEMON, *arguments], capture_output=True, text=True, input=answer, env=ENVIRONMENT,
                          check=False, timeout=60)


class OperatorCommands(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.data = os.path.join(self.scratch.name, "data")
        self.server = None

    def tearDown(self):
        self.stop()
        self.scratch.cleanup()

    def start(self):
        self.server = subprocess.Popen([DAEMON, "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data-dir", self.data],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)
        line = next(line for line in self.server.stdout if line.startswith("listening on "))
        return line.split("//")[1].strip().rstrip("/")

    def stop(self):
        if self.server:
            self.server.terminate()
            self.assertEqual(self.server.wait(20), 0)
            self.server.stdout.close()
            self.server = None

    def files(self):
        return sorted(os.listdir(self.data)) if os.path.isdir(self.data) else []

    def test_reset_refuses_beside_a_server_and_deletes_only_our_files(self):
        self.start()
        refused = run("reset", "--force", "--data-dir", self.data)
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn(str(self.server.pid), refused.stderr)
        self.stop()
        before = self.files()
        self.assertTrue(any(name.endswith(".db") for name in before), before)
        with open(os.path.join(self.data, "notes.txt"), "w", encoding="ascii") as file:
            file.write("mine")

        declined = run("reset", "--data-dir", self.data, answer="no\n")
        self.assertEqual(declined.returncode, 1)
        self.assertIn("Type yes", declined.stdout)
        self.assertEqual(self.files(), sorted([*before, "notes.txt"]))
        silent = run("reset", "--data-dir", self.data)  # nobody answers: nothing happens
        self.assertEqual(silent.returncode, 1)
        self.assertEqual(self.files(), sorted([*before, "notes.txt"]))

        agreed = run("reset", "--data-dir", self.data, answer="yes\n")
        self.assertEqual(agreed.returncode, 0, agreed.stderr)
        self.assertEqual(self.files(), ["audit-log.db", "auth.db", "loadruns-under-way", "loadruns.db", "metrics.db",
                                        "notes.txt", "notifications.db", "objectives.db", "schemas.db", "streamgauge.lock", "visitor.key"])
        self.assertEqual(run("reset", "--force", "--data-dir", self.data).returncode, 0)
        self.start()  # an emptied directory serves again

    def test_reset_makes_no_directory(self):
        self.assertEqual(run("reset", "--force", "--data-dir", self.data).returncode, 0)
        self.assertFalse(os.path.exists(self.data))

    def test_doctor_is_content_with_a_running_server_and_changes_nothing(self):
        address = self.start()
        before = self.files()
        done = run("doctor", "--json", "--data-dir", self.data, "--listen", address, "--management", "off")
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(report["ok"])
        self.assertTrue(any(f["check"] == "port" and str(self.server.pid) in f["what"] for f in report["findings"]), report)
        self.assertEqual(self.files(), before)

    def test_doctor_names_a_taken_port(self):
        address = self.start()
        other = os.path.join(self.scratch.name, "other")
        done = run("doctor", "--data-dir", other, "--listen", address, "--management", "off")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("is taken by streamgauged", done.stdout)
        self.assertFalse(os.path.exists(other))


if __name__ == "__main__":
    unittest.main()

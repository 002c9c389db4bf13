#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets in: `token`, `user`, `project` and the first start, with the real program. access_commands_test.py <streamgauged>"""
import http.client
import json
import os
import pty
import re
import stat
import subprocess
import sys
import tempfile
import time
import unittest

DAEMON = sys.argv.pop(1)
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
DEADLINE = 30


class Access(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.data = os.path.join(self.scratch.name, "data")
        self.log_path = os.path.join(self.scratch.name, "log")
        self.server = None
        self.said = []

    def tearDown(self):
        self.stop()
        self.scratch.cleanup()

    def run_command(self, *arguments, given=""):
        return subprocess.run([DAEMON, *arguments, "--data-dir", self.data], capture_output=True, text=True, input=given,
                              env=ENVIRONMENT, check=False, timeout=60)

    def good(self, *arguments, given=""):
        done = self.run_command(*arguments, given=given)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def start(self, *arguments):
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.server = subprocess.Popen([DAEMON, "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data-dir",
                                            self.data, *arguments], stdout=subprocess.PIPE, stderr=log, text=True,
                                           env=ENVIRONMENT)
        line = next(line for line in self.server.stdout if line.startswith("listening on "))
        self.address = line.split("//")[1].strip()

    def stop(self):
        if not self.server:
            return ""
        self.server.terminate()
        said = self.server.stdout.read()
        self.assertEqual(self.server.wait(20), 0)
        self.server.stdout.close()
        self.server = None
        return said

    def ask(self, method, path, body=None, token=None):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        headers = {"Authorization": "Bearer " + token} if token else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def login(self, name, password):
        return self.ask("POST", "/api/v1/auth/login", {"username": name, "password": password})

    def until(self, wanted, ask):
        end = time.monotonic() + DEADLINE
        while (got := ask()) != wanted and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(got, wanted)

    def everything(self):
        """What the server has written to disk and to its log."""
        found = b""
        for where, _, names in os.walk(self.scratch.name):
            for name in names:
                with open(os.path.join(where, name), "rb") as file:
                    found += file.read()
        return found

    def test_tokens_without_a_server(self):
        made = self.run_command("token", "create", "--name", "web", "--scope", "ingest,query", "--expires", "90d")
        self.assertEqual(made.returncode, 0, made.stderr)
        secret = made.stdout.strip()
        self.assertRegex(secret, r"^sgk_[0-9a-f]{64}$")
        self.assertIn("shown this once", made.stderr)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.data, "auth.db")).st_mode), 0o600)
        self.assertNotIn(secret.encode(), self.everything())
        as_json = json.loads(self.good("token", "create", "--name", "ci", "--scope", "admin", "--json"))
        self.assertEqual(as_json["scopes"], ["admin"])
        self.assertIsNone(as_json["expires_at"])

        table = self.good("token", "list").splitlines()
        self.assertEqual(len(table), 3)
        self.assertRegex(table[1], r"^k_[0-9a-f]{16}  works  default  ingest,query  " + secret[:8])
        keys = json.loads(self.good("token", "list", "--json"))["keys"]
        self.assertEqual([key["name"] for key in keys], ["web", "ci"])
        self.assertNotIn("secret", keys[0])
        self.assertIn("is revoked since", self.good("token", "revoke", keys[0]["id"]))
        self.assertIn("  revoked  ", self.good("token", "list").splitlines()[1])

    def test_write_keys_of_ones_own(self):
        given = "AnOldSegmentWriteKey99"
        done = self.run_command("token", "create", "--name", "segment", "--scope", "ingest", "--import", given=given + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(given, done.stdout + done.stderr)
        self.assertNotIn(given.encode(), self.everything())
        again = self.run_command("token", "create", "--name", "b", "--scope", "ingest", "--import", given=given + "\n")
        self.assertEqual(again.returncode, 1)
        short = self.run_command("token", "create", "--name", "b", "--scope", "ingest", "--import", given="short\n")
        self.assertEqual(short.returncode, 2)
        self.assertIn("16 to 256", short.stderr)

    def test_wrong_words_say_what_is_wrong(self):
        for arguments, code, says in [
                (["token"], 2, "subcommand is required"),
                (["token", "create"], 2, "--name is required"),
                (["token", "create", "--name", "x"], 2, "--scope is required"),
                (["token", "create", "--name", "x", "--scope", "all"], 2, "ingest, query, admin"),
                (["token", "create", "--name", "x", "--scope", "ingest,"], 2, "ingest, query, admin"),
                (["token", "create", "--name", "x", "--scope", "ingest", "--expires", "soon"], 2, "90d"),
                (["token", "create", "--name", "x", "--scope", "ingest", "--expires", "0d"], 2, "90d"),
                (["token", "create", "--name", "x", "--scope", "ingest", "--expires", "2001-01-01T00:00:00Z"], 2, "expired"),
                (["token", "create", "--name", "x", "--scope", "ingest", "--project", "nowhere"], 1, "no project nowhere"),
                (["token", "revoke", "k_0"], 1, "no key k_0"),
                (["user", "add", "a b"], 2, "letters, digits"),
                (["user", "add", "ada", "--role", "king"], 2, "viewer, operator or admin"),
                (["user", "passwd", "nobody"], 1, "no user nobody"),
                (["user", "remove", "nobody"], 1, "no user nobody"),
                (["project", "add", "No"], 2, "a-z"),
        ]:
            done = self.run_command(*arguments)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.assertIn(says, done.stderr, arguments)
        self.assertEqual(self.run_command("user", "add", "ada", given="seven77\n").returncode, 2)
        self.assertEqual(self.run_command("user", "add", "ada", given="").returncode, 2)

    def test_help_teaches(self):
        for command, says in [("token", "create --help"), ("user", "user add ada"), ("project", "--site")]:
            done = subprocess.run([DAEMON, command, "--help"], capture_output=True, text=True, check=True, timeout=60)
            self.assertIn(says, done.stdout)
            self.assertIn("Exit codes: 0 done, 1", done.stdout)

    def test_a_running_server_takes_changes_within_moments(self):
        self.good("user", "add", "root", "--role", "admin", given="correct horse\n")
        self.start()
        self.assertEqual(self.login("ada", "battery staple")[0], 401)
        self.good("user", "add", "ada", "--role", "operator", given="battery staple\n")
        self.until(200, lambda: self.login("ada", "battery staple")[0])
        token = self.login("ada", "battery staple")[1]["token"]
        self.good("user", "passwd", "ada", given="another staple\n")
        self.until(401, lambda: self.ask("GET", "/api/v1/auth/me", token=token)[0])
        self.assertEqual(self.login("ada", "another staple")[0], 200)
        users = json.loads(self.good("user", "list", "--json"))["users"]
        self.assertEqual([(user["name"], user["role"]) for user in users], [("ada", "operator"), ("root", "admin")])
        self.assertIsNotNone(users[0]["last_login_at"])
        self.good("user", "remove", "ada")
        self.until(401, lambda: self.login("ada", "another staple")[0])
        last = self.run_command("user", "remove", "root")
        self.assertEqual(last.returncode, 1)
        self.assertIn("last admin", last.stderr)

        self.good("project", "add", "shop", "--name", "The shop", "--site", "shop.example")
        self.assertIn("shop.example", self.good("project", "list"))
        key = self.good("token", "create", "--name", "web", "--scope", "query", "--project", "shop")
        self.until((200, "shop"), lambda: (lambda status, me: (status, (me or {}).get("project")))(
            *self.ask("GET", "/api/v1/auth/me", token=key)))
        identity = json.loads(self.good("token", "list", "--json"))["keys"][0]["id"]
        self.good("token", "revoke", identity)
        self.until(401, lambda: self.ask("GET", "/api/v1/auth/me", token=key)[0])
        self.stop()
        # The server wrote down that the key was used, at the latest when it stopped.
        self.assertIsNotNone(json.loads(self.good("token", "list", "--json"))["keys"][0]["last_used_at"])
        written = self.everything()
        for secret in ("battery staple", "another staple", "correct horse", key, token):
            self.assertNotIn(secret.encode(), written)

    def test_the_first_start_tells_a_password_once(self):
        self.start()
        said = self.stop()
        told = re.search(r"first start: log in as admin with the password (\S+);", said)
        self.assertTrue(told, said)
        password = told.group(1)
        self.assertRegex(password, r"^[A-Za-z0-9]{20}$")
        self.start()
        status, body = self.login("admin", password)
        self.assertEqual((status, list(body)), (200, ["token"]))
        status, body = self.login("admin", password + "x")
        self.assertEqual((status, body["error"]), (401, "invalid credentials"))
        self.assertNotIn("password", self.stop())
        self.assertNotIn(password.encode(), self.everything())

    def test_the_demo_user_is_there_in_development_only(self):
        self.start("--dev")
        status, body = self.login("demo", "demo123")
        self.assertEqual(status, 200)
        status, me = self.ask("GET", "/api/v1/auth/me", token=body["token"])
        self.assertEqual(me["permissions"], ["ingest", "query", "operate"])
        self.assertNotIn("first start", self.stop())
        with open(self.log_path, encoding="utf-8") as log:
            self.assertIn('"event":"development_mode"', log.read())
        self.start("--dev")  # again: it is there already
        self.assertEqual(self.login("demo", "demo123")[0], 200)
        self.stop()
        self.start()
        self.assertEqual(self.login("demo", "demo123")[0], 401)
        self.assertEqual(self.ask("GET", "/api/v1/auth/me", token=body["token"])[0], 401)
        self.assertIn("first start: log in as admin", self.stop())

    def test_passwords_are_not_shown_when_typed(self):
        child, terminal = pty.fork()
        if child == 0:
            os.execve(DAEMON, [DAEMON, "user", "add", "ada", "--data-dir", self.data], ENVIRONMENT)
        shown = b""
        for question in (b"New password of ada: ", b"The same again: "):
            while question not in shown:
                shown += os.read(terminal, 1000)
            os.write(terminal, b"correct horse\n")
        try:
            while more := os.read(terminal, 1000):
                shown += more
        except OSError:  # the child is gone
            pass
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0, shown)
        self.assertIn(b"made the user ada, viewer", shown)
        self.assertNotIn(b"correct", shown)


if __name__ == "__main__":
    unittest.main()

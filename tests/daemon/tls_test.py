#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS as an operator sets it up: the commands of docs/http.md, curl, Python's and OpenSSL's own clients, renewal by
SIGHUP and by the files alone, doctor. tls_test.py <streamgauged> <docs/http.md>"""
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

DAEMON, PAGE = os.path.abspath(sys.argv.pop(1)), sys.argv.pop(1)
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}


def documented(start):
    with open(PAGE, encoding="utf-8") as page:
        commands = re.search(r"```sh\n(.*?)```", page.read(), re.S).group(1).replace("\\\n", " ")
    return next(shlex.split(line) for line in commands.splitlines() if line.startswith(start))


class Tls(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = scratch.name
        self.make_certificate("localhost")
        command = documented("streamgauged")
        command[0] = DAEMON
        command[command.index("https://127.0.0.1:8443")] = "https://127.0.0.1:0"
        self.log = open(os.path.join(self.directory, "log"), "w+", encoding="utf-8")
        self.addCleanup(self.log.close)
        self.server = subprocess.Popen([*command, "--listen", "127.0.0.1:0", "--management", "off", "--data-dir", "data"],
                                       stdout=subprocess.PIPE, stderr=self.log, text=True, env=ENVIRONMENT,
                                       cwd=self.directory)
        self.addCleanup(self.stop)
        lines = [line.strip() for line in (self.server.stdout.readline(), self.server.stdout.readline())]
        self.assertRegex(lines[0], r"^listening on https://127\.0\.0\.1:\d+$")
        self.assertRegex(lines[1], r"^listening on http://127\.0\.0\.1:\d+$")
        self.port = int(lines[0].rsplit(":", 1)[1])

    def stop(self):
        self.server.terminate()
        self.assertEqual(self.server.wait(20), 0)
        self.server.stdout.close()

    def make_certificate(self, name):
        command = documented("openssl")
        command[command.index("/CN=localhost")] = "/CN=" + name
        for index, word in enumerate(command):
            if word in ("key.pem", "certificate.pem"):
                command[index] = "new-" + word
        subprocess.run(command, cwd=self.directory, check=True, capture_output=True, timeout=30)
        for name in ("key.pem", "certificate.pem"):
            os.replace(os.path.join(self.directory, "new-" + name), os.path.join(self.directory, name))

    def peer(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), 10) as plain, context.wrap_socket(plain) as tls:
            certificate = tls.getpeercert(binary_form=True)
            tls.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: tls.recv(4096), b""))
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
            return certificate

    def file_certificate(self):
        with open(os.path.join(self.directory, "certificate.pem"), encoding="ascii") as file:
            return ssl.PEM_cert_to_DER_cert(file.read())

    def expect_peer(self, certificate):
        deadline = time.monotonic() + 30
        while self.peer() != certificate:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def wait_for_log(self, event):
        deadline = time.monotonic() + 30
        while True:
            with open(self.log.name, encoding="utf-8") as log:
                if event in log.read():
                    return
            self.assertLess(time.monotonic(), deadline, "no " + event)
            time.sleep(0.05)

    def test_serves_what_the_documentation_says(self):
        command = documented("curl")
        command[-1] = command[-1].replace("8443", str(self.port))
        done = subprocess.run([*command, "-sS"], cwd=self.directory, capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(done.stdout, '{"ok":true}', done.stderr)
        self.assertEqual(self.peer(), self.file_certificate())
        plain = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{self.port}/health"], capture_output=True, text=True,
                               check=False, timeout=30)
        self.assertIn("use https://", plain.stdout)

    def s_client(self, *options):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", *options], input="",
                              capture_output=True, text=True, check=False, timeout=30)

    def test_openssl_agrees(self):
        done = self.s_client("-alpn", "h2,http/1.1", "-tls1_2")
        self.assertIn("ALPN protocol: http/1.1", done.stdout)
        self.assertIn("Secure Renegotiation IS supported", done.stdout)
        self.assertIn("Compression: NONE", done.stdout)
        self.assertIn("no application protocol", self.s_client("-alpn", "h2").stderr)
        self.assertNotEqual(self.s_client("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0").returncode, 0)
        self.assertNotEqual(self.s_client("-tls1_2", "-cipher", "AES128-SHA:AES256-GCM-SHA384").returncode, 0)

    def test_renewal(self):
        self.make_certificate("by-signal")
        self.server.send_signal(signal.SIGHUP)
        self.expect_peer(self.file_certificate())
        self.wait_for_log("certificate_reloaded")
        good = self.file_certificate()
        with open(os.path.join(self.directory, "certificate.pem"), "w", encoding="ascii") as file:
            file.write("broken")
        self.server.send_signal(signal.SIGHUP)
        self.wait_for_log("certificate_kept")
        self.assertEqual(self.peer(), good)
        self.make_certificate("by-itself")
        self.expect_peer(self.file_certificate())

    def test_doctor_looks_at_it(self):
        def finding():
            done = subprocess.run([DAEMON, "doctor", "--json", "--listen", "https://127.0.0.1:0", "--management", "off",
                                   "--tls-certificate", "certificate.pem", "--tls-key", "key.pem", "--data-dir", "other"],
                                  cwd=self.directory, capture_output=True, text=True, check=False, timeout=60,
                                  env=ENVIRONMENT)
            report = json.loads(done.stdout)
            findings = report["findings"] if isinstance(report, dict) else report
            return next(one for one in findings if one["check"] == "certificate")
        self.assertEqual(finding()["grade"], "good")
        os.remove(os.path.join(self.directory, "key.pem"))
        self.assertEqual(finding()["grade"], "problem")
        self.assertIn("key.pem", finding()["what"])


if __name__ == "__main__":
    unittest.main()

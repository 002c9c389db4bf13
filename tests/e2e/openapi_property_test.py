#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a real server to its own OpenAPI document.

openapi_property_test.py <streamgauged>
Both listeners' documents are valid OpenAPI 3.1. Then Schemathesis makes requests from them, right and wrong ones, the
same at each run, and looks at every answer: no status 5xx but 503, no status, content type, header or body that is not
documented, and 405 for other methods. Afterwards the server must still be well. First it is shown a document that lacks
an answer, and must object: a check that cannot fail would prove nothing.
Needs build/venv: scripts/python-environment makes it.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.path.join(ROOT, "build", "venv", "bin")
EXAMPLES = 12  # made-up requests for each operation, beside those that cover its parameters one by one
CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
          "response_schema_conformance", "unsupported_method"]
CONFIGURATION = '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", "503"]\n'


class Server:
    """A streamgauged on free ports and a directory of its own."""

    def __init__(self, daemon, directory):
        self.log = open(os.path.join(directory, "server.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [daemon, "serve", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0", "--data-dir", os.path.join(directory, "data"),
             "--log-level", "warning"], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.public = self.management = None
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.public = line.split()[-1].rstrip("/")
            elif line.startswith("management on "):
                self.management = line.split()[-1].rstrip("/")
            if self.public and self.management:
                return
        raise SystemExit("the server did not start: " + self.said())

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def streams(document):
    """Paths whose answer never ends."""
    return [path for path, methods in document["paths"].items()
            for operation in methods.values() if "text/event-stream" in operation["responses"].get("200", {}).get("content", {})]


def start_schemathesis(document, url, directory, name, arguments):
    """A run over the document's operations at `url`; what it says goes to a file."""
    place = os.path.join(directory, name)
    os.makedirs(place)
    with open(os.path.join(place, "openapi.json"), "w", encoding="utf-8") as file:
        json.dump(document, file)
    with open(os.path.join(place, "schemathesis.toml"), "w", encoding="utf-8") as file:
        file.write(CONFIGURATION)
    command = [os.path.join(PROGRAMS, "st"), "run", "openapi.json", "--url", url, "--no-color", "--phases", "examples,coverage,fuzzing",
               "--max-examples", str(EXAMPLES), "--generation-deterministic", "--checks", ",".join(CHECKS), "--continue-on-failure",
               "--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "30", *arguments]
    for path in streams(document):
        command += ["--exclude-path", path]
    output = open(os.path.join(place, "output.txt"), "w+", encoding="utf-8")
    environment = dict(os.environ, SCHEMATHESIS_HOOKS="openapi_hooks", PYTHONPATH=HERE, PYTHONDONTWRITEBYTECODE="1")
    return subprocess.Popen(command, cwd=place, env=environment, stdout=output, stderr=subprocess.STDOUT), output


def finish(run):
    process, output = run
    status = process.wait()
    output.seek(0)
    return status, output.read()


def validate(document):
    check = ("import json, sys; from openapi_spec_validator import OpenAPIV31SpecValidator as V; "
             "[print('/'.join(map(str, e.path)), e.message) for e in V(json.load(sys.stdin)).iter_errors()]")
    return subprocess.run([os.path.join(PROGRAMS, "python"), "-c", check], input=json.dumps(document), capture_output=True,
                          text=True, check=True).stdout


def check(daemon, directory):
    server = Server(daemon, directory)
    failures = 0
    try:
        documents = {"public": json.loads(fetch(server.public + "/openapi.json")),
                     "management": json.loads(fetch(server.management + "/openapi.json"))}
        for name, document in documents.items():
            faults = validate(document)
            print(f"{name}: {len(document['paths'])} paths, OpenAPI 3.1 {'WRONG' if faults else 'valid'}")
            if faults:
                failures += 1
                print(faults)

        poorer = json.loads(json.dumps(documents["public"]))
        del poorer["paths"]["/metrics/top_pages"]["get"]["responses"]["400"]
        status, output = finish(start_schemathesis(poorer, server.public, directory, "self-test", ["--include-path", "/metrics/top_pages"]))
        if status != 1 or "Undocumented status code" not in output:
            failures += 1
            print("a document that lacks an answer was not objected to:\n" + output)

        begun = time.monotonic()
        runs = {"public": start_schemathesis(documents["public"], server.public, directory, "public", []),
                "management": start_schemathesis(documents["management"], server.management, directory, "management", [])}
        for name, run in runs.items():
            status, output = finish(run)
            print(f"{name}: " + " ".join(line.strip() for line in output.splitlines() if "generated" in line))
            made = re.search(r"(\d+) generated", output)
            if status != 0 or made is None or int(made.group(1)) < EXAMPLES * len(documents[name]["paths"]):
                failures += 1
                print(output)
        print(f"{time.monotonic() - begun:.0f} s")
        if fetch(server.public + "/api/v1/health") != b'{"status":"UP"}':
            failures += 1
            print("the server is not well afterwards")
    finally:
        stopped = server.stop()
    if stopped != 0:
        failures += 1
        print(f"the server ended with {stopped}:\n" + server.said())
    return failures


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: openapi_property_test.py <streamgauged>")
    if not os.path.exists(os.path.join(PROGRAMS, "st")):
        sys.exit("build/venv is not there: scripts/python-environment makes it")
    with tempfile.TemporaryDirectory(prefix="streamgauge_openapi_") as scratch:
        sys.exit(1 if check(sys.argv[1], scratch) else 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a real server to its own OpenAPI document.

openapi_property_test.py <streamgauged>
Both listeners' documents are valid OpenAPI 3.1. Then Schemathesis makes requests from them, right and wrong ones, the
same at each run, and looks at every answer: no status 5xx but 503, no status, content type, header or body that is not
documented, and 405 for other methods. On the public listener it comes without credentials, on the operator's with a key
that may everything. Afterwards the server must still be well. First it is shown a document that lacks
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


def everything_key(daemon, directory):
    """An API key that may everything, made before the server starts."""
    made = subprocess.run([daemon, "token", "create", "--name", "property-test", "--scope", "ingest,query,admin", "--data-dir",
                           os.path.join(directory, "data")], capture_output=True, text=True, check=True).stdout
    return made.strip()


def fetch(url, headers=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=20) as answer:
        return answer.read()


def streams(document):
    """Paths whose answer never ends: those that give nothing but a stream."""
    return [path for path, methods in document["paths"].items()
            if any(list(operation["responses"].get("200", {}).get("content", {})) == ["text/event-stream"]
                   for operation in methods.values())]


# Several YAML documents in one answer: Schemathesis reads one, and ends its whole run at the second.
UNREADABLE = ["/api/v1/objectives/export"]


def twins(document):
    """Paths that are documented like two others, word for word: the many names of one door."""
    seen, out = {}, []
    for path, methods in document["paths"].items():
        form = json.dumps([[method, operation.get("parameters"), sorted(
            operation.get("requestBody", {}).get("content", {})), operation["responses"]] for method, operation in sorted(methods.items())])
        seen[form] = seen.get(form, 0) + 1
        if seen[form] > 2 and next(iter(methods.values()))["x-scope"] == "ingest":
            out.append(path)
    return out


def succeeded(exposition):
    """The operations that have answered 2xx, by the server's own count."""
    found = set()
    for line in exposition.splitlines():
        if line.startswith("http_server_requests_seconds_count{") and not line.endswith(" 0"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            if labels["status"].startswith("2"):
                found.add(labels["method"] + " " + labels["uri"])
    return found


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
    for path in streams(document) + twins(document) + UNREADABLE:
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
    key = everything_key(daemon, directory)
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
        fetch(server.management + "/api/v1/projects", {"X-Api-Key": key})  # it may
        # The doors for events are the same on both: once is enough.
        runs = {"public": start_schemathesis(documents["public"], server.public, directory, "public", []),
                "management": start_schemathesis(documents["management"], server.management, directory, "management",
                                                 ["--header", "X-Api-Key: " + key, "--exclude-tag", "ingestion"])}
        for name, run in runs.items():
            status, output = finish(run)
            print(f"{name}: " + " ".join(line.strip() for line in output.splitlines() if "generated" in line))
            made, tested = re.search(r"(\d+) generated", output), re.search(r"Tested: (\d+)", output)
            # A fault of its own ends a run early, without another word.
            if "Traceback" in output or status != 0 or made is None or int(made.group(1)) < EXAMPLES * int(tested.group(1)) or int(tested.group(1)) < 20:
                failures += 1
                print(output)
        print(f"{time.monotonic() - begun:.0f} s")
        all_of_them = {method.upper() + " " + path for path, methods in documents["management"]["paths"].items() for method in methods}
        left_out = streams(documents["management"]) + twins(documents["management"]) + UNREADABLE
        all_of_them = {one for one in all_of_them if one.split(" ")[1] not in left_out}
        never = sorted(all_of_them - succeeded(fetch(server.management + "/prometheus", {"X-Api-Key": key}).decode()))
        print(f"{len(all_of_them) - len(never)} of {len(all_of_them)} operations have succeeded; not: {', '.join(never)}")
        if len(never) > len(all_of_them) / 3:
            failures += 1
            print("that is too few to say anything")
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

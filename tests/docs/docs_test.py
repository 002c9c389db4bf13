#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation is true: runs the README's commands against a real server, and compares tables with the program.

docs_test.py <readme|metrics|queries|objectives|audit|settings|links|api> <path of streamgauged>
In a block after <!-- tested -->, a line that starts with "# " is what the command above it prints; an ellipsis (…) stands
for anything. Numbers follow events a moment later, so a command is asked again until its answer fits or time is up.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENTED = "http://127.0.0.1:8080"
DEADLINE = 60


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def commands(page):
    for block in re.findall(r"<!-- tested -->\n```sh\n(.*?)```", page, re.S):
        command = None
        for line in block.splitlines():
            if line.startswith("# "):
                yield command, line[2:]
                command = None
            else:
                if command is not None:
                    raise SystemExit(f"the block does not say what this prints: {command}")
                command = line


def readme(daemon):
    return run_commands(daemon, "README.md", 5)


def metrics(daemon):
    """docs/metrics.md: the commands, by somebody who may operate, and the files of metrics."""
    failures = 0
    for block in re.findall(r"<!-- tested -->\n```toml\n(.*?)```", read("docs/metrics.md"), re.S):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "metrics.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(block)
            failures += subprocess.run([daemon, "check-config", "--data-dir", directory, "--metrics-file", path],
                                       stdout=subprocess.DEVNULL, check=False).returncode != 0
    login = "curl -d '{\"username\":\"demo\",\"password\":\"demo123\"}' " + DOCUMENTED + "/api/v1/auth/login"
    return failures + run_commands(daemon, "docs/metrics.md", 4, ["--dev"], f"TOKEN=$({login} | sed 's/.*\"token\":\"//; s/\".*//'); ")


def audit(daemon):
    return run_commands(daemon, "docs/audit.md", 5)


def queries(daemon):
    return run_commands(daemon, "docs/queries.md", 5)


def objectives(daemon):
    """docs/objectives.md: the commands, by somebody who may operate."""
    login = "curl -d '{\"username\":\"demo\",\"password\":\"demo123\"}' " + DOCUMENTED + "/api/v1/auth/login"
    return run_commands(daemon, "docs/objectives.md", 4, ["--dev"], f"TOKEN=$({login} | sed 's/.*\"token\":\"//; s/\".*//'); ")


def run_commands(daemon, page, least, flags=(), before=""):
    pairs = list(commands(read(page)))
    if len(pairs) < least:
        raise SystemExit(page + " has hardly any tested command")
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        server = subprocess.Popen([daemon, "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data-dir", directory,
                                   "--log-level", "error", *flags], stdout=subprocess.PIPE, text=True)
        try:
            url = next((line.split()[-1] for line in server.stdout if line.startswith("listening on ")), None)
            if url is None:
                raise SystemExit("the server did not start")
            for command, expected in pairs:
                pattern = ".*".join(re.escape(part) for part in expected.split("…"))
                # What sends events must be right at once: asking again would send them again.
                until = time.monotonic() + (0 if re.search(r" (-d|--data-binary) ", command) else DEADLINE)
                while True:
                    done = subprocess.run(["bash", "-o", "pipefail", "-c", (before + command).replace("curl ", "curl -sS ").replace(DOCUMENTED, url.rstrip("/"))
                                           .replace("streamgauged ", daemon + " ").replace("./data", directory)],
                                          capture_output=True, text=True, check=False)
                    fits = done.returncode == 0 and re.fullmatch(pattern, done.stdout.strip(), re.S)
                    if fits or time.monotonic() >= until:
                        break
                    time.sleep(0.05)
                print(("ok    " if fits else "WRONG ") + command)
                if not fits:
                    failures += 1
                    print(f"  expected {expected}\n  got      {done.stdout.strip()[:400]} {done.stderr.strip()}")
        finally:
            server.terminate()
            server.wait(60)
    return failures


def settings(daemon):
    """docs/configuration.md lists exactly the settings that check-config prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
    printed = subprocess.run([daemon, "check-config"], capture_output=True, text=True, check=True, env=environment).stdout
    actual = [line.split(" = ")[0].strip() for line in printed.splitlines() if " = " in line]
    part = re.search(r"<!-- settings -->(.*?)<!-- /settings -->", read("docs/configuration.md"), re.S).group(1)
    documented = re.findall(r"^\| `([a-z_.]+)` \|", part, re.M)
    if actual != documented or not actual:
        print(f"documented: {documented}\nactual:     {actual}")
        return 1
    print(f"{len(actual)} settings, all documented")
    return 0


def links(_daemon):
    """Every make target, file and relative link that the documentation names exists."""
    failures = 0
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] + [f"docs/{n}" for n in sorted(os.listdir(os.path.join(ROOT, "docs")))
                                                               if n.endswith(".md")]
    for page in pages:
        text = read(page)
        for target in re.findall(r"`make ([a-z-]+)", text):
            if target not in targets:
                print(f"{page}: there is no make target {target}")
                failures += 1
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not os.path.exists(os.path.join(ROOT, os.path.dirname(page), link)):
                print(f"{page}: nothing at {link}")
                failures += 1
        for path in re.findall(r"`((?:scripts|tests|backend|app|docs|cmake|installer)/[A-Za-z0-9_./-]*)`", text):
            if "NAME" not in path and not os.path.exists(os.path.join(ROOT, path)):
                print(f"{page}: there is no {path}")
                failures += 1
    return failures


def api(daemon):
    """docs/api.md is what scripts/api-docs makes of the server's OpenAPI document."""
    return subprocess.run([os.path.join(ROOT, "scripts/api-docs"), "--check", daemon], check=False).returncode


if __name__ == "__main__":
    checks = {"readme": readme, "metrics": metrics, "queries": queries, "objectives": objectives, "audit": audit, "settings": settings, "links": links, "api": api}
    if len(sys.argv) != 3 or sys.argv[1] not in checks:
        sys.exit("usage: docs_test.py <readme|metrics|queries|objectives|audit|settings|links|api> <streamgauged>")
    sys.exit(1 if checks[sys.argv[1]](sys.argv[2]) else 0)

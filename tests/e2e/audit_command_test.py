#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""streamgauged audit and replay as an operator runs them: beside a server under load, after kill -9, with faults planted.

audit_command_test.py <path of streamgauged>
"""
import json
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile

DAEMON = sys.argv[1]


def serve(directory):
    server = subprocess.Popen([DAEMON, "serve", "--listen", "127.0.0.1:0", "--management", "off", "--data-dir", directory,
                               "--log-level", "error"], stdout=subprocess.PIPE, text=True)
    url = next((line.split()[-1] for line in server.stdout if line.startswith("listening on ")), None)
    if url is None:
        raise SystemExit("the server did not start")
    return server, url


def audit(directory, *arguments):
    done = subprocess.run([DAEMON, "audit", "--data-dir", directory, "--json", *arguments], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def expect(what, condition, said=""):
    print(("ok    " if condition else "WRONG ") + what)
    if not condition:
        raise SystemExit(f"{what}\n{said}")


def digest(directory, name):
    done = subprocess.run([DAEMON, "replay", "--data-dir", directory, "--to", f"{directory}/{name}"], capture_output=True, text=True, check=False, timeout=120)
    expect(f"replay into {name}", done.returncode == 0, done.stderr)
    return re.search(r"^([0-9a-f]{64})  all results", done.stdout, re.M).group(1)


def main():
    with tempfile.TemporaryDirectory() as directory:
        code, _, said = audit(directory)
        expect("nothing to audit is exit code 2", code == 2 and said, said)

        server, url = serve(directory)
        load = subprocess.Popen([DAEMON, "load", "--url", f"{url}/events", "--rate", "40", "--batch", "100", "--duration", "6s"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        audits = 0
        try:
            while load.poll() is None:
                code, report, said = audit(directory, "--url", url)
                if code == 2 and audits == 0 and "store" in said:  # the server has only just begun
                    continue
                expect("beside a server under load everything is right", code == 0 and report["clean"], said + json.dumps(report, indent=1))
                expect("the server tells its requests", report["requests"]["arrived"] > 0 and report["requests"]["under_way"] >= 0)
                audits += 1
        finally:
            load.kill()
            load.wait()
            server.send_signal(signal.SIGKILL)
            server.wait()
        expect("audits ran meanwhile", audits > 0)

        code, report, said = audit(directory)
        expect("after kill -9 everything is right", code == 0, said + json.dumps(report, indent=1))
        expect("without a server its requests are not known", report["requests"] is None)
        server, url = serve(directory)
        server.terminate()
        server.wait()
        code, report, said = audit(directory)
        expect("after the next start, too, and nothing is on its way", code == 0 and report["events"]["in_flight"] == 0, said)
        expect("events were compared", report["events"]["accepted"] > 100 and sum(m["rows"] for m in report["metrics"]) > 10)

        before = digest(directory, "one.db")
        expect("two replays are equal", digest(directory, "two.db") == before)
        expect("a file that is there is left alone", subprocess.run([DAEMON, "replay", "--data-dir", directory, "--to", f"{directory}/one.db"],
                                                                    capture_output=True, check=False).returncode == 1)

        with sqlite3.connect(f"{directory}/store.db") as store:
            store.execute("UPDATE cells SET value = value + 1 WHERE (metric, tier, window, grp) IN "
                          "(SELECT metric, tier, window, grp FROM cells WHERE metric = 7 LIMIT 1)")
        code, report, said = audit(directory)
        expect("a changed row is exit code 1", code == 1 and report["difference_count"] == 1, said + json.dumps(report, indent=1))
        plain = subprocess.run([DAEMON, "audit", "--data-dir", directory], capture_output=True, text=True, check=False)
        expect("and is named", plain.returncode == 1 and "Differences: 1" in plain.stdout and "NOT right" in plain.stdout, plain.stdout)

        done = subprocess.run([DAEMON, "replay", "--data-dir", directory], capture_output=True, text=True, check=False, timeout=120)
        expect("a replay in place mends it", done.returncode == 0 and before in done.stdout, done.stdout + done.stderr)
        code, report, said = audit(directory)
        expect("and everything is right again", code == 0, said)
        server, url = serve(directory)
        done = subprocess.run([DAEMON, "replay", "--data-dir", directory], capture_output=True, text=True, check=False, timeout=120)
        expect("not under a server", done.returncode == 3, done.stderr)
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()

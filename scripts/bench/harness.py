# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark parts share: a server of our own, nginx beside it, the load generator, and reading /proc."""
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.join(ROOT, "build/release/bin")
DAEMON = os.path.join(BIN, "streamgauged")
SCRATCH = os.path.join(ROOT, "build/bench")
SECONDS = int(os.environ.get("BENCH_SECONDS", "60"))
TICKS = os.sysconf("SC_CLK_TCK")


def fetch(url, accept=None, deadline=5):
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=deadline) as answer:
        return answer.read().decode()


def value(text, series):
    """Of one series in the exposition format, named with its labels."""
    for line in text.splitlines():
        if line.startswith(series + " "):
            return float(line.split()[-1])
    raise RuntimeError(f"/prometheus has no {series}")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Server:
    """`streamgauged serve` on a free port and a directory of its own below build/bench."""

    def __init__(self, name="server", directory=None, arguments=(), management="off"):
        self.directory = directory or tempfile.mkdtemp(prefix=name + "-", dir=SCRATCH)
        self.log = open(os.path.join(SCRATCH, name + ".log"), "ab")
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [DAEMON, "serve", "--listen", "127.0.0.1:0", "--management", management, "--data-dir", self.directory, *arguments],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = self.management = None
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.split()[-1].rstrip("/")
            if line.startswith("management on "):
                self.management = line.split()[-1].rstrip("/")
            if self.url and (self.management or management == "off"):
                break
        if self.url is None:
            raise RuntimeError(f"the server did not start; see {self.log.name}")
        self.seconds_to_listen = time.monotonic() - begin

    def prometheus(self):
        return fetch(self.url + "/prometheus")

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) * 1024

    def disk_bytes(self):
        return sum(os.path.getsize(os.path.join(self.directory, name)) for name in os.listdir(self.directory))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, keep=False):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Nginx:
    """nginx that answers every request with 202 and reads the body: what HTTP alone costs on this machine."""

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="nginx-", dir=SCRATCH)
        self.port = 18202
        # proxy_pass to itself would read the body; `return` discards it, which is nginx at its best.
        with open(os.path.join(self.directory, "nginx.conf"), "w", encoding="ascii") as file:
            file.write(f"""daemon off; master_process off; worker_processes 1; pid {self.directory}/pid;
error_log {self.directory}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; client_body_temp_path {self.directory};
  proxy_temp_path {self.directory}; fastcgi_temp_path {self.directory}; uwsgi_temp_path {self.directory};
  scgi_temp_path {self.directory};
  server {{ listen 127.0.0.1:{self.port}; location / {{ return 202 '{{"status":"accepted"}}'; }} }} }}
""")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([program, "-c", os.path.join(self.directory, "nginx.conf"), "-p", self.directory],
                                        stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"
        if seconds_until(lambda: listens(self.port), 5) is not None:
            return self
        raise RuntimeError("nginx did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def output_of(command, succeeds=(0,), **more):
    """(What a program printed, its exit code); with another exit code RuntimeError, which has the end of what it complained about."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    if done.returncode not in succeeds:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout, done.returncode


def load(url, rate, seconds, batch=1, connections=64, arrivals="even"):
    """Runs the generator; (its summary, the command as text)."""
    summary = os.path.join(SCRATCH, "load-summary.json")
    command = [DAEMON, "load", "--url", url + "/events", "--rate", str(rate), "--duration", f"{seconds}s", "--batch",
               str(batch), "--connections", str(connections), "--arrivals", arrivals, "--out", "json=" + summary]
    if os.path.exists(summary):
        os.remove(summary)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0 or not os.path.exists(summary):
        raise RuntimeError(f"the load run failed ({done.returncode}):\n{done.stdout[-2000:]}")
    with open(summary, encoding="utf-8") as file:
        shown = f"streamgauged load --url http://127.0.0.1:PORT/events --rate {rate:g} --duration {seconds}s"
        shown += (f" --batch {batch}" if batch > 1 else "") + f" --connections {connections}"
        return json.load(file), shown


def wrk(url, path, seconds, connections=64, body=None):
    """Closed-loop requests a second, by wrk with one thread; a fixed body when given."""
    script = os.path.join(SCRATCH, "wrk.lua")
    with open(script, "w", encoding="utf-8") as file:
        if body is not None:
            file.write(f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [==[{body}]==]\n")
    out, _ = output_of(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, url + path])
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", out).group(1))


class Sampler:
    """Calls `probe` every `period` seconds on a thread of its own, keeps what it returns."""

    def __init__(self, probe, period):
        self.samples, self.failures = [], 0
        self._stop = threading.Event()

        def work():
            while not self._stop.wait(period):
                try:
                    self.samples.append(probe())
                except OSError:
                    self.failures += 1
        self._thread = threading.Thread(target=work, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def seconds_until(condition, deadline):
    """Seconds until condition() holds; None when it does not within `deadline`."""
    begin = time.monotonic()
    while time.monotonic() - begin < deadline:
        if condition():
            return time.monotonic() - begin
        time.sleep(0.02)
    return None


def sqlite_rows_per_second(seconds, batch=1000):
    """SQLite alone: rows of an event's size in synced transactions of `batch`, made inside SQLite. No HTTP, no JSON."""
    directory = tempfile.mkdtemp(prefix="sqlite-", dir=SCRATCH)
    try:
        database = sqlite3.connect(os.path.join(directory, "rows.db"), isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE event(id INTEGER PRIMARY KEY, at INTEGER, key BLOB, body TEXT)")
        rows, begin = 0, time.monotonic()
        while time.monotonic() - begin < seconds:
            database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                             "INSERT INTO event(at, key, body) SELECT i, randomblob(16), hex(zeroblob(60)) FROM n", (batch,))
            rows += batch
        took = time.monotonic() - begin
        database.close()
        return rows / took
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def sync_milliseconds(rounds=400):
    """Median time of a 4 KiB append with fdatasync, where the servers keep their data."""
    path = os.path.join(SCRATCH, "sync-probe")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    times = []
    try:
        for _ in range(rounds):
            os.write(descriptor, b"\0" * 4096)
            begin = time.perf_counter()
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - begin)
    finally:
        os.close(descriptor)
        os.remove(path)
    return sorted(times)[rounds // 2] * 1000


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read()).group(1)) / 1048576
    name = "Linux"
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release", encoding="utf-8") as file:
            name = re.search(r'PRETTY_NAME="?([^"\n]*)', file.read()).group(1)
    return (f"{model.group(1).strip() if model else 'unknown processor'}, {os.cpu_count()} cores, {memory:.0f} GB, {name}; "
            f"fdatasync of 4 KiB takes {sync_milliseconds():.2f} ms (median)")

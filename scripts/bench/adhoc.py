# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions over a shop's thirty days: about metrics, over stored events, and the same asked of PostgreSQL over the same rows."""
import glob
import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time

from harness import BIN, SCRATCH

EVENTS = int(os.environ.get("BENCH_RAW_EVENTS", "10000000"))
TIMES = int(os.environ.get("BENCH_RAW_TIMES", "3"))
METRIC_EVENTS = int(os.environ.get("BENCH_QUERY_EVENTS", str(EVENTS)))
PROGRAM = os.path.join(BIN, "raw_bench")
METRICS = os.path.join(BIN, "query_bench")
JOURNAL = os.path.join(SCRATCH, f"raw-{EVENTS}")
CANONICAL = {"types", "pages", "users", "top", "daily", "type_users", "by_user"}
PROPS = {"plans", "revenue", "wide"}


def _said(command, program=PROGRAM):
    done = subprocess.run([program, *command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(program)} {' '.join(command)} failed")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _made_once(directory, program, events):
    """What `program fill` makes of so many events of the shop; made once, then kept for the next part."""
    whole = os.path.join(directory, "whole")
    if not os.path.exists(whole):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory)
        filled = _said(["fill", directory, str(events)], program)[0]
        with open(whole, "w", encoding="ascii") as file:
            json.dump(filled, file)
    with open(whole, encoding="ascii") as file:
        return json.load(file)


def journal():
    return _made_once(JOURNAL, PROGRAM, EVENTS)


def ask_metrics(events):
    directory = os.path.join(SCRATCH, f"query-blocks-{events}")
    _made_once(directory, METRICS, events)
    return _said(["ask", directory], METRICS)


def part_query():
    """Questions about metrics over 30 days: nothing kept, and from the cache."""
    found = ask_metrics(METRIC_EVENTS)
    copied = time.monotonic()
    b"".join(bytes(1 << 20) for _ in range(35))
    copied = (time.monotonic() - copied) * 1e3
    return [{"figure": f"{line['what']}, 30 days of {METRIC_EVENTS:,} events", "command": f"query_bench ask DIRECTORY, after query_bench fill DIRECTORY {METRIC_EVENTS}",
             "result": f"cold {line['cold_ms']:.1f} ms (worst of nine {line['worst_cold_ms']:.1f}), {line['cold_cpu_ms']:.1f} ms of CPU; cached {line['cached_ms']:.2f} ms; "
                       f"{line['rows']:,} rows of {line['source']}, {line['points']} points",
             "target": "50 ms cold, 5 ms cached", "met": line["cold_ms"] <= 50 and line["cached_ms"] <= 5,
             "beside": f"copying 35 MB, what 30 sets of 145,000 hashes are, takes {copied:.1f} ms"} for line in found]


def ask(cold):
    return _said(["ask", JOURNAL, str(TIMES), "1" if cold else "0"])


def part_adhoc():
    size = journal()["mb"]
    rows = []
    for found in ask(cold=True):
        target = 2 if found["name"] in CANONICAL else 10 if found["name"] in PROPS else None
        rows.append({"figure": found["question"], "command": f"raw_bench ask, {found['name']}",
                     "result": f"{found['median']:.2f} s (worst of {TIMES}: {found['worst']:.2f} s), {found['cpu']:.2f} s of CPU; not in the page "
                               f"cache {found['cold']:.2f} s",
                     "target": f"{target} s" if target else "", "met": found["median"] <= target if target else None,
                     "beside": f"{EVENTS / found['median'] / 1e6:.1f} million events/s, resident at most {found['most_resident_mb']:.0f} MB"})
    ended = _said(["cancel", JOURNAL])[0]
    rows.append({"figure": "each of them, given up after 0.3 s", "command": "raw_bench cancel",
                 "result": f"over within {ended['worst_ms']:.0f} ms; progress was told {ended['progress_calls']} times", "target": "looked at every 50 ms",
                 "met": ended["worst_ms"] <= 60, "beside": f"{EVENTS:,} events, {size:,.0f} MB on disk"})
    return rows


RANGE = "occurred_at >= '2025-12-31T00:00:00Z' AND occurred_at < '2026-01-31T00:00:00Z'"
# Each selects the values of the group and then the value, in the order of the answer; the first ten are compared.
QUESTIONS = {
    "types": f"SELECT event_type, count(*) FROM event WHERE {RANGE} GROUP BY 1 ORDER BY 2 DESC, 1",
    "pages": f"SELECT page_url, count(*) FROM event WHERE {RANGE} GROUP BY 1 ORDER BY 2 DESC, 1",
    "users": f"SELECT count(DISTINCT user_id) FROM event WHERE {RANGE}",
    "top": f"SELECT page_url, count(*) FROM event WHERE event_type = 'page_view' AND {RANGE} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
    "daily": f"SELECT event_type, count(*) FROM event WHERE {RANGE} GROUP BY date_trunc('day', occurred_at), 1 "
             "ORDER BY 2 DESC, date_trunc('day', occurred_at), 1",
    "type_users": f"SELECT event_type, count(DISTINCT user_id) FROM event WHERE {RANGE} GROUP BY 1 ORDER BY 2 DESC, 1",
    "by_user": f"SELECT user_id, count(*) FROM event WHERE {RANGE} GROUP BY 1 ORDER BY 2 DESC, 1",
    "plans": f"SELECT props->>'plan', props->>'country', count(*) FROM event WHERE {RANGE} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
    "revenue": f"SELECT (sum((props->>'amount_usd')::numeric) * 1000000)::bigint FROM event WHERE event_type = 'purchase' AND {RANGE}",
    "wide": f"SELECT props->>'country', count(*) FROM event WHERE (props->>'width')::numeric > 1000 AND {RANGE} GROUP BY 1 ORDER BY 2 DESC, 1",
}
DAYS = "occurred_at >= '2026-01-01T00:00:00Z' AND occurred_at < '2026-01-31T00:00:00Z'"
DAY = "date_trunc('day', occurred_at, 'UTC')"
MICROS = "(sum((props->>'amount_usd')::numeric) * 1000000)::bigint"
# The same of questions about metrics: by the names that query_bench gives them.
METRIC_QUESTIONS = {
    "top-10 pages": f"SELECT page_url, count(*) FROM event WHERE event_type = 'page_view' AND {DAYS} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10",
    "sum": f"SELECT {MICROS} FROM event WHERE event_type = 'purchase' AND {DAYS}",
    "sums by plan and day": f"SELECT props->>'plan', {MICROS} FROM event WHERE event_type = 'purchase' AND {DAYS} GROUP BY {DAY}, 1 ORDER BY {DAY}, 1",
    "unique users": f"SELECT count(DISTINCT user_id) FROM event WHERE {DAYS}",
    "unique users by day": f"SELECT count(DISTINCT user_id) FROM event WHERE {DAYS} GROUP BY {DAY} ORDER BY {DAY}",
    "unique users, not on days": "SELECT count(DISTINCT user_id) FROM event WHERE occurred_at >= '2026-01-01T07:00:00Z' AND occurred_at < '2026-01-30T07:00:00Z'",
}
INDEXES = ["(occurred_at)", "(event_type, occurred_at)", "(user_id, occurred_at)", "(page_url, occurred_at)"]


class Postgres:
    """A cluster of its own on a unix socket, in a temporary directory, run by a user without privileges."""

    def __init__(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: path.split("/")[4] != "15")
        if not found:
            raise RuntimeError("PostgreSQL is not installed (scripts/install-dependencies bench)")
        self.bin = found[0]
        self.user = "postgres" if os.geteuid() == 0 else None
        self.directory = tempfile.mkdtemp(prefix="streamgauge-postgres-")
        if self.user:
            shutil.chown(self.directory, self.user, pwd.getpwnam(self.user).pw_gid)
        self.data = os.path.join(self.directory, "data")

    def _run(self, program, *arguments, **more):
        command = [os.path.join(self.bin, program), *arguments]
        if self.user:
            command = ["runuser", "-u", self.user, "--", *command]
        return subprocess.run(command, check=True, cwd=self.directory, **more)

    def start(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "120", "-l", os.path.join(self.directory, "log"), "start", stdout=subprocess.DEVNULL)

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop", stdout=subprocess.DEVNULL)

    def sql(self, text, **more):
        return self._run("psql", "-h", self.directory, "-U", "bench", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", text, "postgres",
                         stdout=subprocess.PIPE, text=True, **more).stdout

    def __enter__(self):
        try:
            self._run("initdb", "-D", self.data, "-U", "bench", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync", stdout=subprocess.DEVNULL)
            with open(os.path.join(self.data, "postgresql.auto.conf"), "a", encoding="ascii") as file:
                file.write(f"listen_addresses = ''\nunix_socket_directories = '{self.directory}'\nshared_buffers = '1GB'\nwork_mem = '64MB'\n"
                           "maintenance_work_mem = '512MB'\neffective_cache_size = '8GB'\nmax_wal_size = '8GB'\nwal_level = minimal\nmax_wal_senders = 0\nfsync = off\n")
            self.start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            try:
                self.stop()
            except subprocess.CalledProcessError:
                self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop", stdout=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)

    def fill(self):
        self.sql("CREATE TABLE event(number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id text NOT NULL, event_type text NOT NULL, "
                 "user_id text NOT NULL, session_id text NOT NULL, page_url text NOT NULL, props jsonb NOT NULL, "
                 "occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL)")
        with subprocess.Popen([PROGRAM, "rows", str(EVENTS)], stdout=subprocess.PIPE) as rows:
            # Emptied in the same transaction, so that with wal_level = minimal the rows are written once.
            self._run("psql", "-h", self.directory, "-U", "bench", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-c", "TRUNCATE event", "-c",
                      "COPY event(event_id, event_type, user_id, session_id, page_url, props, occurred_at, received_at) FROM STDIN WITH (FREEZE)", "postgres",
                      stdin=rows.stdout)
        for columns in INDEXES:
            self.sql(f"CREATE INDEX ON event {columns}")
        self.sql("VACUUM ANALYZE event")
        return int(self.sql("SELECT pg_total_relation_size('event')"))

    def leave_cache(self):
        """Shared buffers are empty after a new start; clean pages leave the system's cache."""
        self.stop()
        os.sync()
        for where, _, names in os.walk(self.data):
            for name in names:
                descriptor = os.open(os.path.join(where, name), os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)
        self.start()

    def seconds(self, question, one_line=False):
        """(how long it took by psql's own clock, what it said as our benchmark says it)"""
        out = self._run("psql", "-h", self.directory, "-U", "bench", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "postgres",
                        input="\\timing on\n" + question + ";\n", stdout=subprocess.PIPE, text=True).stdout.splitlines()
        took = next(float(m.group(1)) for m in (re.match(r"Time: ([0-9.]+) ms", line) for line in reversed(out)) if m)
        rows = [line.split("\t") for line in out if line and not line.startswith("Time: ")]
        if one_line:
            return took / 1000, "1 " + "".join(f"{page}={count} " for page, count in rows)
        return took / 1000, " ".join([str(len(rows))] + [" ".join(cells) for cells in rows[:10]])

    def warm(self, question, one_line=False):
        """The median of TIMES, after one that does not count; of a slow question of fewer."""
        first, says = self.seconds(question, one_line)
        times = TIMES if first < 1.5 else 1
        return sorted(self.seconds(question)[0] if not one_line else self.seconds(question, one_line)[0] for _ in range(times))[times // 2], says


def part_postgres():
    journal()
    ours = {found["name"]: found for found in ask(cold=True)}
    metrics = {found["what"]: found for found in ask_metrics(EVENTS)}
    rows = []

    def same(theirs, mine):
        return " ".join(theirs.split()) == " ".join(mine.split())

    with Postgres() as postgres:
        size = postgres.fill()
        for name, question in METRIC_QUESTIONS.items():
            mine = metrics[name]
            warm, says = postgres.warm(question)
            rows.append({"figure": f"{name}, from a metric's windows", "command": re.sub(r" (WHERE|AND) " + re.escape(DAYS), "", question),
                         "result": f"{mine['cold_ms']:.1f} ms, from the cache {mine['cached_ms']:.2f} ms", "target": "the same answer", "met": same(says, mine["says"]),
                         "beside": f"PostgreSQL from its rows {warm * 1e3:,.0f} ms: ratio {mine['cold_ms'] / warm / 1e3:.4f}"})
        for name, question in QUESTIONS.items():
            mine = ours[name]
            one_line = name == "top"
            postgres.leave_cache()
            cold, says = postgres.seconds(question, one_line)
            warm, _ = postgres.warm(question, one_line)
            rows.append({"figure": f"{mine['question']}, from stored events", "command": re.sub(r" (WHERE|AND) " + re.escape(RANGE), "", question),
                         "result": f"{mine['median']:.2f} s; not in the page cache {mine['cold']:.2f} s", "target": "the same answer", "met": same(says, mine["says"]),
                         "beside": f"PostgreSQL {warm:.2f} s, not in its cache {cold:.2f} s: ratio {mine['median'] / warm:.2f}, {mine['cold'] / cold:.2f}"})
        version = postgres.sql("SHOW server_version").strip()
    more = (f"PostgreSQL {version}: {EVENTS:,} rows, {size / 1e6:,.0f} MB with its indexes ({', '.join(INDEXES)} and the primary key), vacuumed and analysed; "
            "`shared_buffers` 1 GB, `work_mem` 64 MB, `jit` and parallel workers by default, locale C, asked by `psql` on a unix socket; `fsync` off, `wal_level` minimal and `max_wal_size` 8 GB make loading quicker, "
            "which is not measured: nothing is written while questions are asked, so that they favour neither side. "
            f"The journal takes {journal()['mb']:,.0f} MB, and nothing is being written to it: its newest file is then read by its pages, as all others always are. "
            "A ratio below 1: Streamgauge is quicker.")
    return rows, more

# SPDX-License-Identifier: GPL-3.0-or-later
"""The load generator itself: held to theory, beside wrk on the same server in the same minutes, over half an hour, and with a console watching."""
import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from harness import BIN, DAEMON, ROOT, SCRATCH, SECONDS, Nginx, Server, cpu_seconds, output_of, seconds_until, wrk

TESTS = "build/release/tests"
BODY = ('{"event_id":"019b76da-a800-7000-8000-000000000000","event_type":"page_view","occurred_at":"2026-01-01T00:00:00.000000Z",'
        '"user_id":"u_17","session_id":"s_17","page_url":"/page/3"}')


def row(figure, command, result, target, met, beside):
    return {"figure": figure, "command": command, "result": result, "target": target, "met": met, "beside": beside}


def bench(url, loop, level, seconds, connections=64):
    out, _ = output_of([os.path.join(BIN, "load_bench"), url + "/events", loop, f"{level:.0f}", str(seconds), str(connections)])
    return json.loads(out)


def said_by(test, *arguments):
    """What a test program prints, whether or not it passes: the figures are judged here."""
    done = subprocess.run([os.path.join(ROOT, TESTS, test), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    return done.stdout


def found(pattern, text, what):
    """The last value of each name that the pattern finds: the last attempt decides."""
    values = {name: (float(a), float(b)) for name, a, b in re.findall(pattern, text)}
    if not values:
        raise RuntimeError(f"{what} says nothing of it:\n{text[-2000:]}")
    return values


def against_theory():
    """Rows of the truth test: stalls at three rates, evenness and dispersion, each the best of up to three attempts."""
    text = said_by("loadgen_truth_test")
    command = TESTS + "/loadgen_truth_test"
    rows = []
    for rate in (200, 2000, 20000):
        last = found(rf"\[ stall\s+\] rate {rate} (\S+)\s+measured\s+([\d.]+) ms\s+theory\s+([\d.]+) ms", text, "loadgen_truth_test")
        measured, theory = last["p99"]
        caught_up = float(re.findall(rf"\[ stall\s+\] rate {rate}, caught up at (\d+)/s", text)[-1])
        others = "; ".join(f"{name} {m:.1f} ms (theory {t:.1f})" for name, (m, t) in last.items() if name != "p99")
        rows.append(row(f"stall of 1 s in 30 s at {rate:,}/s", command, f"p99 {measured:.1f} ms; {others}", "p99 700 ± 15 ms",
                        abs(measured - 700) <= 15, f"theory for a backlog of {rate:,} that is worked off at {caught_up:,.0f}/s, as it was: {theory:.1f} ms "
                        f"({measured - theory:+.1f})"))
    even = re.findall(r"\[ evenness \] ([\d.]+) %.*?index of dispersion ([\d.]+)", text)
    dispersion = re.findall(r"\[ poisson  \] index of dispersion ([\d.]+)", text)
    if not even or not dispersion:
        raise RuntimeError("loadgen_truth_test says nothing of arrivals:\n" + text[-2000:])
    share, spread = map(float, even[-1])
    rows.append(row("gaps within ± 25 % of the planned one, at 1,000/s, as the server sees them", command,
                    f"{share:.2f} %; index of dispersion {spread:.3f}", "95 %, dispersion < 0.1", share >= 95 and spread < 0.1,
                    "even plan"))
    rows.append(row("dispersion of Poisson arrivals, counts in 10 ms", command, dispersion[-1], "0.9 to 1.1",
                    0.9 <= float(dispersion[-1]) <= 1.1, "1 by theory"))
    return rows


def queues():
    text = said_by("loadgen_queue_run_test")
    values = found(r"\[ queue    \] (\S+ at load \S+, p\d+) measured ([\d.]+) ms theory ([\d.]+) ms", text, "loadgen_queue_run_test")
    if len(values) != 12:
        raise RuntimeError("loadgen_queue_run_test did not run all queues:\n" + text[-2000:])
    worst = max(values.items(), key=lambda item: abs(item[1][0] / item[1][1] - 1))
    off = worst[1][0] / worst[1][1] - 1
    return [row("M/M/1 and M/D/1 at load 0.5, 0.8, 0.9: p50 and p99", TESTS + "/loadgen_queue_run_test",
                f"furthest off: {worst[0]} {worst[1][0]:.2f} ms, {off:+.1%}", "10 %", abs(off) <= 0.1,
                f"theory of those arrivals and service times: {worst[1][1]:.2f} ms")]


def beside_wrk2():
    text = said_by("loadgen_agreement_test")
    values = found(r"\[ beside   \] (\S+ p\S+) engine ([\d.]+) ms wrk2's method ([\d.]+) ms", text, "loadgen_agreement_test")
    worst = max(values.items(), key=lambda item: abs(item[1][0] - item[1][1]) / (1 + 0.02 * item[1][1]))
    met = all(abs(ours - theirs) <= 1 + 0.02 * theirs for ours, theirs in values.values()) and len(values) == 8
    return [row("beside an independent implementation of wrk2's method, stalling and queueing server",
                TESTS + "/loadgen_agreement_test", f"furthest off: {worst[0]} {worst[1][0]:.2f} ms", "1 ms + 2 %", met,
                f"wrk2's method: {worst[1][1]:.2f} ms")]


@contextlib.contextmanager
def scheduled_as_the_generator():
    """What starts within is a real-time process, as the generator's thread makes itself one, where that is allowed."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def beside_wrk():
    seconds = min(SECONDS, 20)
    # On two cores a server that gives way to its generator keeps the next request waiting for a connection.
    with scheduled_as_the_generator(), Nginx() as nginx:
        planned = bench(nginx.url, "open", 60000, seconds)
    with Nginx() as nginx:
        # In turn, so that a change of the machine's mood meets both.
        ours, theirs = [], []
        for _ in range(3):
            ours.append(bench(nginx.url, "closed", 64, 5))
            theirs.append(wrk(nginx.url, "/events", 5, body=BODY))
        fastest = sorted(theirs)[1]
        opened = bench(nginx.url, "open", 0.9 * fastest, seconds)
    closed = sorted(run["done"] / run["seconds"] for run in ours)[1]
    cpu = sorted(run["cpu_micros_per_request"] for run in ours)[1]
    command = "load_bench http://127.0.0.1:PORT/events"
    return [
        row("60,000 requests/s planned, one thread", f"{command} open 60000 {seconds}",
            f"planned {planned['planned']:,}, done {planned['done']:,}; send lag p50 {planned['send_lag_p50_ms']:.3f} ms, "
            f"p99 {planned['send_lag_p99_ms']:.3f} ms, max {planned['send_lag_max_ms']:.1f} ms; "
            f"{planned['cpu_micros_per_request']:.1f} µs of CPU a request", "done = planned, send lag p99 < 3 ms",
            planned["done"] == planned["planned"] and planned["send_lag_p99_ms"] < 3, "nginx `return 202`, real-time as the generator"),
        row("as many as there can be, 64 connections, one thread", f"{command} closed 64 5",
            f"{closed:,.0f}/s (median of three), {cpu:.1f} µs of CPU a request", "0.9 of wrk", closed >= 0.9 * fastest,
            f"wrk -t1 -c64: {fastest:,.0f}/s (ratio {closed / fastest:.2f})"),
        row("0.9 of wrk's closed-loop rate, planned", f"{command} open {0.9 * fastest:.0f} {seconds}",
            f"planned {opened['planned']:,}, done {opened['done']:,} in {opened['seconds']:.1f} s; send lag p99 "
            f"{opened['send_lag_p99_ms']:.3f} ms", "done = planned within the time and 1 s",
            opened["done"] == opened["planned"] and opened["seconds"] < seconds + 1, f"wrk's {fastest:,.0f}/s"),
    ]


# ---- with a console watching ----------------------------------------------------------------------------------------
@contextlib.contextmanager
def queue_server(mean_micros):
    """A target whose service times are the same after each start, so that two runs of one seed measure the same."""
    with subprocess.Popen([os.path.join(BIN, "queue_server"), str(mean_micros)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


@contextlib.contextmanager
def console_watching(url, key):
    """The console beside the server, on its page of load runs, drawing as it does without a graphics processor."""
    with open(os.path.join(ROOT, "app/viewmodels/console_view_model.h"), encoding="utf-8") as file:
        pages = [name.strip() for name in re.search(r"enum Page \{([^}]*)\}", file.read()).group(1).split(",")]
    home = tempfile.mkdtemp(prefix="console-", dir=SCRATCH)
    os.makedirs(os.path.join(home, "streamgauge"))
    with open(os.path.join(home, "streamgauge/console.ini"), "w", encoding="ascii") as file:
        file.write(f"[window]\npage={pages.index('LoadPage')}\n")
    environment = dict(os.environ, XDG_CONFIG_HOME=home, QT_QPA_PLATFORM="offscreen", QT_QUICK_BACKEND="software", STREAMGAUGE_TOKEN=key)
    with open(os.path.join(SCRATCH, "console.log"), "ab") as log:
        process = subprocess.Popen([os.path.join(BIN, "streamgauge"), "--connect", url], env=environment, stdout=log, stderr=log)
    try:
        time.sleep(3)  # its start is no part of watching
        if process.poll() is not None:
            raise RuntimeError("the console did not start; see build/bench/console.log")
        yield process.pid
        if process.poll() is not None:
            raise RuntimeError("the console ended while it watched; see build/bench/console.log")
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)


def watched_run(server, key, seconds):
    """p99 of a run that the server makes against a fresh queue, in milliseconds."""
    def ask(path, body=None):
        headers = {"Authorization": "Bearer " + key, "Content-Type": "application/json"}
        request = urllib.request.Request(server.management + path, None if body is None else json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    with queue_server(700) as target:
        plan = {"url": target, "rate": 1000, "duration_seconds": seconds, "arrivals": "poisson", "seed": 12, "batch": 1,
                "connections": 500}
        try:
            run = ask("/api/v1/load/runs", plan)["run_id"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"the server makes no run: {error.read().decode()}") from error
        time.sleep(seconds)
        report = {}

        def kept():
            try:
                report.update(ask(f"/api/v1/load/runs/{run}/report"))
            except urllib.error.HTTPError:
                return False
            return True
        if seconds_until(kept, 30) is None:
            raise RuntimeError("the run's report was not kept")
    if report["totals"]["done"] != report["totals"]["planned"]:
        raise RuntimeError("not every request was answered")
    return report["durations"]["response"]["p99_ms"]


def beside_a_console():
    """Runs of one seed in turn, without and with a console; each pair in another order."""
    seconds, pairs = min(SECONDS, 12), int(os.environ.get("BENCH_CONSOLE_PAIRS", "7"))
    without, watched, used = [], [], []
    with Server("watched", arguments=["--load-allowed-targets", "loopback"], management="127.0.0.1:0") as server:
        key = output_of([DAEMON, "token", "create", "--data-dir", server.directory, "--name", "bench", "--scope", "admin"])[0].strip()
        time.sleep(2)  # a running server takes a new key within a second

        def with_console():
            with console_watching(server.management, key) as pid:
                before, begin = cpu_seconds(pid), time.monotonic()
                watched.append(watched_run(server, key, seconds))
                used.append((cpu_seconds(pid) - before) / (time.monotonic() - begin))
        for pair in range(pairs):
            if pair % 2 == 1:
                with_console()
            without.append(watched_run(server, key, seconds))
            if pair % 2 == 0:
                with_console()
    change = statistics.median(watched) / statistics.median(without) - 1
    spread = (max(without) - min(without)) / statistics.median(without)
    return [row("console attached or not, p99 of the run that it watches",
                f"POST /api/v1/load/runs, 1,000/s Poisson for {seconds} s, {pairs} times each in turn; queue_server 700",
                f"{statistics.median(watched):.2f} ms with ({min(watched):.2f} to {max(watched):.2f}), {statistics.median(without):.2f} ms "
                f"without ({min(without):.2f} to {max(without):.2f}): {change:+.1%} between the medians; the console used "
                f"{statistics.median(used):.0%} of a core, drawing in software", "2 %", abs(change) < 0.02,
                f"the same run without a console, from one time to the next: {spread:.1%}")]


def part_load():
    return against_theory() + queues() + beside_wrk2() + beside_wrk() + beside_a_console()


# ---- long ones ------------------------------------------------------------------------------------------------------
def part_capacity():
    """Ten searches on a server of known capacity, three at a time: they leave the machine mostly idle."""
    searches, at_once = int(os.environ.get("BENCH_CAPACITY_SEARCHES", "10")), 3
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        texts = list(pool.map(lambda _: said_by("loadgen_capacity_truth_test"), range(searches)))
    answers = []
    for text in texts:
        one = re.search(r"\[ capacity \] known (\d+)/s, found (\d+)/s \(\S+ %\) in (\d+) \.\. (\d+), (.+?), limited by (.*) in (.*), (\d+) s", text)
        if one is None:
            raise RuntimeError("loadgen_capacity_truth_test says nothing of an answer:\n" + text[-2000:])
        answers.append({"known": float(one[1]), "found": float(one[2]), "low": float(one[3]), "high": float(one[4]), "end": one[5], "took": float(one[8])})
    off = sorted((answer["found"] / answer["known"] - 1 for answer in answers), key=abs)
    good = sum(abs(answer["found"] / answer["known"] - 1) <= 0.05 and answer["took"] < 180 for answer in answers)
    within = sum(answer["low"] <= answer["known"] * 1.02 and answer["high"] >= answer["known"] * 0.98 for answer in answers)
    rows = [row("capacity of a server that can do 800/s, by search", TESTS + "/loadgen_capacity_truth_test",
                f"{good} of {searches} within 5 % and three minutes; furthest off {off[-1]:+.1%}; longest "
                f"{max(answer['took'] for answer in answers):.0f} s; the 95 % interval had the truth (± 2 %) in {within} of {searches}",
                f"{searches} of {searches}", good == searches, "800/s by construction, computed and not slept for")]
    lines = ["| search | found | off | 95 % interval | seconds | |", "|---|---|---|---|---|---|"]
    lines += [f"| {i + 1} | {a['found']:.0f}/s | {a['found'] / a['known'] - 1:+.1%} | {a['low']:.0f} to {a['high']:.0f} | {a['took']:.0f} | {a['end']} |"
              for i, a in enumerate(answers)]
    return rows, "\n".join(lines)


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1)) / 1024


def part_soak():
    """The command itself at 10,000/s; its memory once a second."""
    seconds = int(os.environ.get("BENCH_SOAK_SECONDS", "1800"))
    report = os.path.join(SCRATCH, "soak.json")
    with Nginx() as nginx:
        command = [DAEMON, "load", "--url", nginx.url + "/events", "--rate", "10000", "--duration", f"{seconds}s", "--out", "json=" + report]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            resident, begin = [], time.monotonic()
            while process.poll() is None and time.monotonic() - begin < seconds - 1:
                resident.append(resident_mb(process.pid))
                time.sleep(1)
            _, complaint = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the soak ended with {process.returncode}: {complaint[-2000:]}")
    with open(report, encoding="utf-8") as file:
        said = json.load(file)
    if len(resident) < 10:
        raise RuntimeError("a soak lasts at least ten seconds")
    tenth = resident[:max(5, len(resident) // 10)]
    grown, bytes_a_second = resident[-1] - tenth[-1], (resident[-1] - tenth[-1]) * 1048576 / max(1, len(resident) - len(tenth))
    allowed = 1 + seconds * 0.0023  # the histogram of each second: a day stays below 200 MB
    return [row("soak at 10,000/s", f"streamgauged load --rate 10000 --duration {seconds}s",
                f"resident {tenth[-1]:.1f} MB after a tenth of it, {resident[-1]:.1f} MB at the end, {max(resident):.1f} MB at most: "
                f"{bytes_a_second:,.0f} bytes a second, in which the histogram of that second is kept; planned {said['totals']['planned']:,}, "
                f"done {said['totals']['done']:,}; {said['certificate']['verdict']}",
                f"flat: at most {allowed:.1f} MB more, below 60 MB", grown <= allowed and max(resident) <= 60
                and said["totals"]["done"] == said["totals"]["planned"], "nginx `return 202`")]

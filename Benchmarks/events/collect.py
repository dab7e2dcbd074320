#!/usr/bin/env python3
"""POST /collect by wrk against a bare Hummingbird endpoint and a Python one; and events from POST to the row. See ../README.md.

    collect.py PATH/TO/emporium PATH/TO/emporium-collector [--rounds 3] [--seconds 8] [--connections 64] [--events 200000]
"""

import argparse
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "membership")]
import measuring  # noqa: E402
import stack as stacks  # noqa: E402

BARE, OURS, PYTHON, PYTHON_TWO = "bare Hummingbird, reads the body", "emporium collect", "FastAPI, 1 worker", "FastAPI, 2 workers"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def family(pid):
    """A process and those it has started."""
    found, number = [pid], 0
    while number < len(found):
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{found[number]}/task/{found[number]}/children").read_text().split())
        number += 1
    return found


def cpu(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / measuring.TICKS


class Contest:
    def __init__(self, stack, collector, options):
        self.stack, self.collector, self.options = stack, Path(collector).resolve(), options
        home = Path(stack.environment["EMPORIUM_HOME"])
        record = (home / "kafka" / "broker").read_text()
        self.brokers = re.search(r"^bootstrap (.*)$", record, re.M)[1]
        self.broker = int(re.search(r"^pid (\d+)", record, re.M)[1])
        stack.emporium("schemas", "apply")
        self.key = stack.emporium("collect", "keys", "add", "--sender", "bench", "--rate", "1000000").split()[0]

    @contextlib.contextmanager
    def serving(self, name):
        """The contender, ready; gives its port and process."""
        port = free_port()
        environment = self.stack.environment | {"KAFKA_BOOTSTRAP_SERVERS": self.brokers}
        if name == BARE:
            command = [self.collector]
            environment |= {"EMPORIUM_COLLECT_BENCH": "bare", "EMPORIUM_COLLECT_PORT": str(port)}
        elif name == OURS:
            command = [self.stack.binary, "collect", "--port", str(port)]
            environment |= {"EMPORIUM_COLLECTOR": str(self.collector), "EMPORIUM_COLLECT_TOTAL_RATE": "0"}
        else:
            command = [stacks.PYTHON, "-m", "uvicorn", "rival:app", "--app-dir", HERE, "--loop", "uvloop", "--http", "httptools",
                       "--no-access-log", "--log-level", "warning", "--port", str(port), "--workers", "2" if name == PYTHON_TWO else "1"]
        server = subprocess.Popen(list(map(str, command)), env=environment, cwd=stacks.PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", port), 1):
                        break
                except OSError:
                    if server.poll() is not None or time.monotonic() > deadline:
                        raise SystemExit(f"{name} did not start: {server.stderr.read().decode()[-2000:]}") from None
                    time.sleep(0.05)
            yield port, server.pid
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(30)
            server.kill()
            server.stderr.close()

    def wrk(self, name):
        with self.serving(name) as (port, pid):
            path = "/bare" if name == BARE else "/collect"
            environment = os.environ | {"EMPORIUM_API_KEY": self.key, "WRK_PATH": path}

            def run(seconds):
                return subprocess.run(
                    ["wrk", "-t", "1", "-c", str(self.options.connections), "-d", f"{seconds}s", "--latency", "-s", HERE / "post.lua",
                     f"http://127.0.0.1:{port}"], env=environment, capture_output=True, text=True, check=True)

            run(1)
            load = measuring.busy()
            processes = family(pid)
            memory = measuring.Memory(processes)
            before, broker = cpu(processes), cpu([self.broker])
            done = run(self.options.seconds)
            used, broker = cpu(processes) - before, cpu([self.broker]) - broker
            memory.stop()
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout or done.stderr.strip():
            raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
        count = int(re.search(r"(\d+) requests in", done.stdout)[1])
        scale = {"us": 1e-3, "ms": 1, "s": 1e3}

        def latency(share):
            value, unit = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)$", done.stdout, re.M).groups()
            return float(value) * scale[unit]

        return {
            "requests": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]), "p50": latency(50), "p99": latency(99),
            "cpu": used / count * 1e6, "broker": broker / count * 1e6, "peak": memory.peak_mib, "busy": load}

    def end_to_end(self):
        """Seconds from the first POST to the last row, and how long single events were on their way."""
        count = self.options.events
        environment = self.stack.environment | {"EMPORIUM_API_KEY": self.key}
        loader = subprocess.Popen(
            [str(self.stack.binary), "load", "kafka", "--topic", "events.raw", "--quiet"], env=environment, cwd=stacks.PROJECT,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            with self.serving(OURS) as (port, _):
                while self.stack.psql("select count(*) from ops.kafka_member").strip() == "0":
                    time.sleep(0.05)
                began = time.perf_counter()
                posting = subprocess.run(
                    [str(self.stack.binary), "generate", "events", "--synthetic", str(count), "--seed", "1", "--url",
                     f"http://127.0.0.1:{port}", "--packages-in-flight", "64", "--quiet", "--no-idempotency"],
                    env=environment, cwd=stacks.PROJECT, capture_output=True, text=True)
                posted = time.perf_counter() - began
                if posting.returncode != 0:
                    raise SystemExit(f"generate events: {posting.stdout}{posting.stderr}")
                while int(self.stack.psql("select coalesce(sum(stored + rejected + duplicate), 0) from ops.batch where feed = 'events.raw'")) < count:
                    if loader.poll() is not None:
                        raise SystemExit(f"the loader ended: {loader.stderr.read().decode()[-2000:]}")
                    time.sleep(0.05)
                seconds = time.perf_counter() - began
        finally:
            loader.terminate()
            loader.wait(60)
            loader.stderr.close()
        stored = int(self.stack.psql("select count(*) from public.events"))
        if stored != count:
            raise SystemExit(f"{stored} of {count} events are in the table")
        lags = self.stack.psql(
            """select percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from b.promoted_at - events.correlated_at(e.correlation_id)))
               from public.events e join ops.batch b using (batch_id)""").strip("{}\n ").split(",")
        return {"events": count, "posted": posted, "seconds": seconds, "p50": float(lags[0]), "p99": float(lags[1])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("collector")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--events", type=int, default=100_000, help="from POST to the row; the mock broker keeps about 5 MB a partition")
    options = parser.parse_args()
    stacks.install_rivals()
    contenders = [BARE, OURS, PYTHON, PYTHON_TWO]
    with stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        contest = Contest(stack, options.collector, options)
        whole = contest.end_to_end()  # first: the topic is to hold these events alone
        print(f"end to end: {whole}", file=sys.stderr, flush=True)
        took = {name: [] for name in contenders}
        for number in range(options.rounds):
            for name in contenders if number % 2 else reversed(contenders):
                took[name].append(contest.wrk(name))
                print(f"round {number + 1}: {name}: {took[name][-1]}", file=sys.stderr, flush=True)
    middle = {name: {key: statistics.median(one[key] for one in rounds) for key in rounds[0]} for name, rounds in took.items()}
    bare, python = middle[BARE]["requests"], middle[PYTHON]["requests"]
    lines = [
        "| | requests/s | of bare | of FastAPI, 1 worker | p50 | p99 | CPU µs a request | broker's | peak memory | busy before |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for name, one in middle.items():
        lines.append(
            f"| {name} | {one['requests']:,.0f} | {one['requests'] / bare:.2f} | {one['requests'] / python:.2f} | {one['p50']:.2f} ms | {one['p99']:.2f} ms | "
            f"{one['cpu']:.0f} | {one['broker']:.0f} | {one['peak']:.0f} MiB | {one['busy']:.0%} |")
    page = [
        "# Events over HTTP", "",
        f"wrk, 1 thread, {options.connections} connections, packages of 10 events (5 kB), {options.seconds} s a round, medians of {options.rounds} rounds. {settings}", "",
        *lines, "",
        "The bare endpoint is the same server without the collector: it reads the body and answers a few bytes. FastAPI does the collector's job with "
        "pydantic, fastavro and confluent-kafka on uvicorn, uvloop and httptools, without API keys, limits and metrics. All of them, wrk, and the broker "
        "(librdkafka's mock cluster, one thread) share the cores; the bare endpoint needs no broker.", "",
        f"From POST to the row: {whole['events']:,} events in packages of 1 to 10, 64 packages in flight, one loader with two promoters: all in the table after "
        f"{whole['seconds']:.1f} s, **{whole['events'] / whole['seconds']:,.0f} events/s** (posted after {whole['posted']:.1f} s); an event was in the table "
        f"{whole['p50']:.2f} s (median) and {whole['p99']:.2f} s (p99) after its receipt.", ""]
    stacks.publish("collect", "\n".join(page), {"settings": settings, "rounds": took, "end to end": whole})


main()

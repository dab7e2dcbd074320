#!/usr/bin/env python3
"""Events from Kafka to staging, and on into public.events, by `emporium load kafka --topic events.raw`. See ../README.md.

    load.py PATH/TO/emporium [--partitions 60] [--each 10000] [--rounds 3]
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "membership")]
import measuring  # noqa: E402
import stack as stacks  # noqa: E402

TOPIC = "events.raw"
START = """
truncate staging.event, staging.reject, ops.kafka_position, ops.kafka_batch, ops.batch, events.message, public.events cascade;
select setval('ops.batch_id_seq', 1, false);
checkpoint;
"""
NAMES = {"source": "the mock broker alone: librdkafka, nothing done", "staging": "decoded, in staging", "table": "decoded, judged, in public.events"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--partitions", type=int, default=60)
    parser.add_argument("--each", type=int, default=10_000, help="messages a partition; the mock broker keeps about 5 MB of each")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    stacks.install_rivals()
    messages = options.partitions * options.each

    with tempfile.TemporaryDirectory(prefix="emporium-bench-", dir="/tmp") as work:
        topics = Path(work) / "topics"
        topics.mkdir()
        (topics / "main-topics").write_text(f"{TOPIC},{options.partitions},1\n")
        with stacks.stack(options.binary, "--root", work) as stack:
            settings = stack.environment_line()
            stack.emporium("schemas", "apply", "--folder", stacks.PROJECT / "topics")
            schema = stack.psql("select schema_id from registry.latest('events.raw-value')").strip()
            brokers = re.search(r"^bootstrap (.*)$", (Path(stack.environment["EMPORIUM_HOME"]) / "kafka" / "broker").read_text(), re.M)[1]
            server = measuring.Server(stack.psql("show data_directory").strip())
            filled = measuring.run([stacks.PYTHON, "-B", HERE / "fill.py", brokers, TOPIC, options.partitions, options.each, schema], server=server)
            print(filled.output.strip(), file=sys.stderr, flush=True)

            def run(kind):
                stack.psql(START)
                os.sync()
                if kind == "source":
                    return measuring.run(
                        [stacks.PYTHON, "-B", HERE.parent / "kafka" / "source.py", brokers, TOPIC, options.partitions, messages, 65536],
                        server=server)
                taken = measuring.run(
                    [stack.binary, "load", "kafka", "--topic", TOPIC, "--once", *(["--workers", "0"] if kind == "staging" else [])],
                    server=server, cwds=[stacks.PROJECT], env=stack.environment)
                table = "staging.event where defect is null" if kind == "staging" else "public.events"
                found = int(stack.psql(f"select count(*) from {table}"))
                if found != messages:
                    raise SystemExit(f"{kind}: {found} events of {messages}")
                return taken

            took = {kind: [] for kind in NAMES}
            for number in range(options.rounds + 1):
                for kind in (NAMES if number % 2 else reversed(NAMES)):
                    taken = run(kind)
                    print(f"round {number}: {kind}: {taken.seconds:.2f} s, {taken.cpu:.2f} s of CPU", file=sys.stderr, flush=True)
                    if number:  # the first round does not count
                        took[kind].append(taken)

    lines = [
        "| | events/s | CPU µs an event, program | server | peak memory | seconds | busy before |", "|---|--:|--:|--:|--:|--:|--:|"]
    for kind, rounds in took.items():
        middle = {key: statistics.median(getattr(one, key) or 0 for one in rounds) for key in ("seconds", "cpu", "server_cpu", "peak_mib", "load_before")}
        span = f"{min(one.seconds for one in rounds):.2f} to {max(one.seconds for one in rounds):.2f}"
        lines.append(
            f"| {NAMES[kind]} | {messages / middle['seconds']:,.0f} | {middle['cpu'] / messages * 1e6:.2f} | "
            f"{middle['server_cpu'] / messages * 1e6:.2f} | {middle['peak_mib']:.0f} MiB | {span} | {middle['load_before']:.0%} |")
    page = [
        "# Events from Kafka", "",
        f"{messages:,} events in {options.partitions} partitions ({filled.output.strip()}), medians of {options.rounds} rounds. {settings}", "",
        *lines, "",
        "The broker is librdkafka's mock cluster, one thread, on the same cores as everything else; its own CPU is nobody's here. Seconds "
        "are from a program's start to its end, fastest and slowest round.", ""]
    stacks.publish("events", "\n".join(page), {
        "messages": messages, "partitions": options.partitions, "settings": settings,
        "rounds": [{"contender": kind, **{key: getattr(taken, key) for key in ("seconds", "cpu", "server_cpu", "peak_mib", "load_before")}}
                   for kind, rounds in took.items() for taken in rounds]})


main()

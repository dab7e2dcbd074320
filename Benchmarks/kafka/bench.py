#!/usr/bin/env python3
"""Messages from Kafka to staging by `emporium load kafka`, against binary COPY of the same rows and a Python loader. See
../README.md.

    bench.py PATH/TO/emporium [--partitions 100] [--each 9000] [--rounds 3] [--prefetch 16,64,256] [--python 64]
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

TOPIC = "customers"
BATCH = 20_000
TABLE = "staging.shop_customer_0"
COLUMNS = "batch_id, position, slot, defect, message_key, origin, payload"
LIMIT = "binary COPY, 20,000 rows a transaction"
LIMIT_ONE = "binary COPY, one transaction"


class Contest:
    def __init__(self, stack, options, work):
        self.stack, self.options, self.work = stack, options, work
        self.messages = options.partitions * options.each
        self.brokers = re.search(r"^bootstrap (.*)$", (Path(stack.environment["EMPORIUM_HOME"]) / "kafka" / "broker").read_text(), re.M)[1]
        self.server = measuring.Server(stack.psql("show data_directory").strip())
        self.parts = None

    def python(self, script, *words):
        return measuring.run([stacks.PYTHON, "-B", HERE / script, self.brokers, TOPIC, *words], server=self.server)

    def fill(self):
        print(self.python("fill.py", self.options.partitions, self.options.each).output.strip(), file=sys.stderr, flush=True)

    def emporium(self, prefetch):
        return measuring.run(
            [self.stack.binary, "load", "kafka", "--topic", TOPIC, "--workers", "0", "--once", "--prefetch", prefetch,
             "--batch-rows", BATCH, *self.options.emporium_argument],
            server=self.server, cwds=[stacks.PROJECT], env=self.stack.environment)

    def rival(self, prefetch):
        return self.python("rival.py", self.options.partitions, self.stack.url(), int(prefetch) * 1024)

    def source(self, prefetch):
        return self.python("source.py", self.options.partitions, self.messages, int(prefetch) * 1024)

    def copy(self, files):
        """psql, one session; a transaction for each file."""
        script = self.work / "copy.sql"
        script.write_text("".join(f"\\copy {TABLE} ({COLUMNS}) from '{file}' (format binary)\n" for file in files))
        return measuring.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.stack.url(), "-f", script], server=self.server)

    def dump(self):
        """The rows as emporium landed them, to one file, and to files of 20,000 rows, in their order."""
        whole = self.work / "whole"
        batches = range(-(-self.messages // BATCH))
        self.stack.psql(
            f"create table bench.landed as select row_number() over () - 1 as place, * from {TABLE};\n"
            f"\\copy (select {COLUMNS} from bench.landed order by place) to '{whole}' (format binary)\n"
            "create index on bench.landed (place);\n" + "".join(
                f"\\copy (select {COLUMNS} from bench.landed where place / {BATCH} = {n} order by place) to '{self.work}/part.{n}' (format binary)\n"
                for n in batches)
            + "drop table bench.landed;\n")
        self.parts = {LIMIT_ONE: [whole], LIMIT: [self.work / f"part.{n}" for n in batches]}

    def check(self, name, lands):
        """All messages, each once."""
        found = self.stack.psql(
            f"select count(*), coalesce(sum(position), 0), coalesce(sum(octet_length(payload)), 0) from {TABLE}").strip()
        each = self.options.each
        wanted = f"{self.messages}|{self.options.partitions * each * (each - 1) // 2}|{self.messages * 500}" if lands else "0|0|0"
        if found != wanted:
            raise SystemExit(f"{name} has landed {found} (rows, their offsets, their bytes) and not {wanted}")

    def run(self, kind, setting):
        self.stack.psql((HERE / "start.sql").read_text())
        os.sync()
        if kind == "limit":
            taken = self.copy(self.parts[setting])
        else:
            taken = {"emporium": self.emporium, "python": self.rival, "source": self.source}[kind](setting)
        self.check(f"{kind} {setting}", kind != "source")
        return taken


NAMES = {"source": "the mock broker alone: librdkafka, nothing done", "emporium": "emporium", "python": "Python"}


def table(took, messages, limit, python):
    lines = [
        "| | fetched ahead | rows/s | of the limit | of Python | CPU µs a row, program | server | peak memory | seconds | busy before |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for (kind, setting), rounds in took.items():
        middle = {key: statistics.median(getattr(one, key) or 0 for one in rounds) for key in ("seconds", "cpu", "server_cpu", "peak_mib", "load_before")}
        span = f"{min(one.seconds for one in rounds):.2f} to {max(one.seconds for one in rounds):.2f}"
        rate = messages / middle["seconds"]
        of_python = f"{rate / python:.2f}" if kind == "emporium" else ""
        of_limit = f"{rate / limit:.2f}" if kind != "source" else ""
        lines.append(
            f"| {NAMES.get(kind, setting)} | {'' if kind == 'limit' else setting + ' MiB'} | {rate:,.0f} | {of_limit} | {of_python} | "
            f"{middle['cpu'] / messages * 1e6:.2f} | {middle['server_cpu'] / messages * 1e6:.2f} | {middle['peak_mib']:.0f} MiB | {span} | "
            f"{middle['load_before']:.0%} |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--partitions", type=int, default=100)
    parser.add_argument("--each", type=int, default=9_000, help="messages a partition; the mock broker keeps about 5 MB of each")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prefetch", default="16,64,256", help="MiB, by commas")
    parser.add_argument("--python", default="64", help="MiB, by commas")
    parser.add_argument("--emporium-argument", action="append", default=[], help="a further word for `emporium load kafka`")
    options = parser.parse_args()
    contenders = [("limit", LIMIT_ONE), ("limit", LIMIT)]
    contenders += [(kind, size) for kind, sizes in (("source", "64"), ("emporium", options.prefetch), ("python", options.python))
                   for size in sizes.split(",") if size]
    stacks.install_rivals()

    with tempfile.TemporaryDirectory(prefix="emporium-bench-", dir="/tmp") as work:
        topics = Path(work) / "topics"
        topics.mkdir()
        (topics / "main-topics").write_text(f"{TOPIC},{options.partitions},1\n")
        with stacks.stack(options.binary, "--root", work) as stack:
            settings = stack.environment_line()
            contest = Contest(stack, options, Path(work))
            contest.fill()
            contest.run("emporium", "64")
            contest.dump()
            took = {one: [] for one in contenders}
            for number in range(options.rounds + 1):
                for kind, setting in (contenders if number % 2 else reversed(contenders)):
                    taken = contest.run(kind, setting)
                    print(f"round {number}: {kind} {setting}: {taken.seconds:.2f} s, {taken.cpu:.2f} s of CPU", file=sys.stderr, flush=True)
                    if number:  # the first round does not count
                        took[kind, setting].append(taken)

    messages = contest.messages
    rate = {one: messages / statistics.median(taken.seconds for taken in rounds) for one, rounds in took.items()}
    python = max((rate[one] for one in rate if one[0] == "python"), default=float("nan"))
    page = [
        "# Kafka to staging", "",
        f"{messages:,} messages of 500 bytes in {options.partitions} partitions, {BATCH:,} rows a transaction, medians of {options.rounds} rounds. {settings}", "",
        *table(took, messages, rate["limit", LIMIT], python), "",
        "The limit is binary COPY by psql of the same rows from files into the same table with its index, in transactions of the same size; "
        "the other one stands beside it. Python is confluent-kafka and psycopg 3. The broker is librdkafka's mock cluster, one thread, on "
        "the same cores as everything else; its own CPU is nobody's here. Seconds are from a program's start to its end, fastest and "
        "slowest round. *Busy before* is the share of the machine that others used when a step began.", ""]
    stacks.publish("kafka", "\n".join(page), {
        "messages": messages, "partitions": options.partitions, "batch": BATCH, "settings": settings,
        "rounds": [{"contender": kind, "setting": setting, **{key: getattr(taken, key) for key in ("seconds", "cpu", "server_cpu", "peak_mib", "load_before")}}
                   for (kind, setting), rounds in took.items() for taken in rounds]})


main()

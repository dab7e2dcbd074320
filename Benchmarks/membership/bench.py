#!/usr/bin/env python3
"""Measures `emporium run membership` against the limit, pandas and DuckDB, side by side. See ../README.md.

    bench.py PATH/TO/emporium [--rows 1000000] [--files 10] [--seed 1] [--rounds 3]

Exit codes: 0 done, 1 something failed or the contenders do not agree, 64 usage.
"""

import argparse
import csv
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent))
import measuring  # noqa: E402
from limit import STEPS, Limit  # noqa: E402
from report import markdown  # noqa: E402
from stack import PYTHON, install_rivals  # noqa: E402

BENCHMARKS = HERE.parent
PROJECT = BENCHMARKS.parent
SETTINGS = (
    "shared_buffers", "work_mem", "max_wal_size", "checkpoint_timeout", "fsync", "synchronous_commit",
    "full_page_writes", "wal_compression", "jit", "lc_collate")
COUNTS = ("rows", "stored", "rejected", "duplicate")
RIVALS = {
    "pandas": ["rival_pandas.py"],
    "pandas_own_io": ["rival_pandas.py", "--io", "pandas"],
    "duckdb": ["rival_duckdb.py"],
}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Emporium:
    """The release binary on a stack of its own."""

    def __init__(self, binary, work, arguments):
        self.binary = binary
        self.arguments = arguments
        self.home = work / "home"
        self.folder = work / "run"
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("PG", "EMPORIUM_")) and name != "DATABASE_URL"
        } | {"EMPORIUM_HOME": str(self.home)}

    def call(self, *words, server=None):
        return measuring.run([self.binary, *words], server=server, cwds=[PROJECT], env=self.environment)

    def up(self):
        self.call("up")
        self.admin = self.call("url", "--admin").output.strip()

    def url(self, database):
        """The superuser's URL with another database."""
        return urllib.parse.urlsplit(self.admin)._replace(path="/" + database).geturl()

    @property
    def database(self):
        return urllib.parse.urlsplit(self.admin).path[1:]

    def ask(self, query, database="postgres"):
        return measuring.run(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", query]).output.strip()

    def fresh(self, drop):
        """An empty database and a drop folder with the files in it; nothing of an earlier round."""
        self.ask(f'drop database if exists "{self.database}" with (force)')
        self.up()  # makes the database where it is missing
        self.call("migrate")
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(drop, self.folder / "input")
        settle(self)

    def run(self, server):
        taken = self.call(
            "run", "membership", "--in", self.folder / "input", "--out", self.folder / "output", *self.arguments,
            server=server)
        found = re.search(r"read (\d+) = stored (\d+) \+ rejected (\d+) \+ duplicate (\d+)", taken.output)
        if not found:
            raise measuring.Failed(f"emporium run membership did not say what it read:\n{taken.output[-1000:]}")
        return taken, dict(zip(COUNTS, map(int, found.groups())))


def settle(emporium):
    """What earlier steps left to be written is written now, so that nobody pays for somebody else."""
    emporium.ask("checkpoint")
    os.sync()


def run_rival(name, drop, target):
    shutil.rmtree(target, ignore_errors=True)
    script, *arguments = RIVALS[name]
    taken = measuring.run([PYTHON, HERE / script, drop, target, *arguments])
    found = dict(re.findall(r"(rows|stored|rejected|duplicate)=(\d+)", taken.output))
    if set(found) != set(COUNTS):
        raise measuring.Failed(f"{name} did not say what it read:\n{taken.output[-1000:]}")
    return taken, {key: int(found[key]) for key in COUNTS}


def outcome(folder):
    """What an output folder says, whatever its order and its quotes: members by id, refusals by file, line and reasons."""
    digests = {}
    for kind, key in (("successful", None), ("unsuccessful", ("source_file", "line", "reasons"))):
        rows = []
        for path in sorted((folder / kind).glob("*.csv")):
            with open(path, newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    rows.append("\x1f".join(row.values() if key is None else (row[name] for name in key)))
        rows.sort()
        digests[kind] = (len(rows), hashlib.sha256("\x1e".join(rows).encode()).hexdigest())
    return digests


def environment(emporium, options, drop):
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    versions = subprocess.run([PYTHON, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "rows": options.rows, "files": options.files, "seed": options.seed, "rounds": options.rounds,
        "input_bytes": sum(path.stat().st_size for path in drop.iterdir()),
        "cores": len(os.sched_getaffinity(0)),
        "processor": model.group(1) if model else "unknown",
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
        "postgresql": emporium.ask("show server_version"),
        "settings": {name: emporium.ask(f"show {name}") for name in SETTINGS},
        "python": sys.version.split()[0],
        "packages": dict(line.split("==") for line in versions.split() if "==" in line),
        "emporium_arguments": options.emporium_argument,
    }


def measure(options, work):
    emporium = Emporium(options.binary, work, options.emporium_argument)
    try:
        say("starting a stack of its own")
        emporium.up()
        server = measuring.Server(emporium.ask("show data_directory"))
        drop = work / "drop"
        say(f"generating {options.rows} rows in {options.files} files")
        emporium.call(
            "generate", "applications", "--rows", options.rows, "--seed", options.seed, "--files", options.files,
            "--out", drop)
        install_rivals()

        say("a first run, which does not count: what everybody's result must be")
        emporium.fresh(drop)
        _, expected = emporium.run(server)
        emporium.ask("drop database if exists bench_limit")
        emporium.ask("create database bench_limit")
        limit = Limit(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"], emporium.url("bench_limit"), work)
        limit.prepare(drop, emporium.url(emporium.database))
        result = outcome(emporium.folder / "output")
        problems = []

        def check(name, counts, folder=None):
            if counts != expected:
                problems.append(f"{name} counts {counts}, emporium {expected}")
            if folder and outcome(folder) != result:
                problems.append(f"{name} wrote other rows than emporium: {folder}")

        rounds = []
        for number in range(options.rounds):
            order = ["emporium", "limit", "limit_two_sessions", *RIVALS]
            if number % 2 == 1:
                order.reverse()
            this = {}
            for name in order:
                if name == "emporium":
                    emporium.fresh(drop)
                    taken, counts = emporium.run(server)
                    check(name, counts)
                    steps = {}
                elif name in RIVALS:
                    settle(emporium)
                    taken, counts = run_rival(name, drop, work / name)
                    check(name, counts, work / name if number == 0 else None)
                    steps = {}
                else:
                    limit.make_tables()
                    settle(emporium)
                    taken, steps = limit.run(1 if name == "limit" else 2, server)
                    if name == "limit":
                        wrote = limit.rows()
                        wanted = {"successful": expected["stored"], "unsuccessful": expected["rows"] - expected["stored"]}
                        if wrote != wanted:
                            problems.append(f"the limit wrote {wrote}, emporium {wanted}")
                this[name] = {
                    "seconds": taken.seconds, "cpu": taken.cpu, "server_cpu": taken.server_cpu,
                    "peak_mib": taken.peak_mib, "busy_before": taken.load_before, "steps": steps}
                say(f"round {number + 1}: {name} {taken.seconds:.2f} s")
            rounds.append(this)
        return {
            "environment": environment(emporium, options, drop), "expected": expected, "rounds": rounds,
            "problems": problems, "medians": medians(rounds), "steps": list(STEPS)}
    finally:
        try:
            emporium.call("down")
        except measuring.Failed as problem:
            say(problem)


def medians(rounds):
    def middle(values):
        values = [value for value in values if value is not None]
        return statistics.median(values) if values else None

    return {
        name: {key: middle([one[name][key] for one in rounds]) for key in ("seconds", "cpu", "server_cpu", "peak_mib")}
        | {"fastest": min(one[name]["seconds"] for one in rounds),
           "slowest": max(one[name]["seconds"] for one in rounds),
           "steps": {step: middle([one[name]["steps"].get(step) for one in rounds]) for step in rounds[0][name]["steps"]}}
        for name in rounds[0]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path, help="the release binary of emporium")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="where the stack and the files lie meanwhile; the system's temporary folder")
    parser.add_argument("--results", type=Path, default=BENCHMARKS / "results")
    parser.add_argument("--keep", action="store_true", help="leave the work folder")
    parser.add_argument(
        "--emporium-argument", action="append", default=[], help="a further word for `emporium run membership`")
    try:
        options = parser.parse_args()
    except SystemExit as stop:
        sys.exit(64 if stop.code else 0)
    options.binary = options.binary.resolve()
    if not os.access(options.binary, os.X_OK) or options.rows < 1 or options.rounds < 1 or options.files < 1:
        say(f"no program: {options.binary}" if options.rows > 0 else "at least one row, one file, one round")
        sys.exit(64)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack goes down, too
    work = Path(tempfile.mkdtemp(prefix="emporium-bench-", dir=options.work))
    work.chmod(0o755)  # the server's own user has to get through
    try:
        results = measure(options, work)
    except (measuring.Failed, subprocess.CalledProcessError, OSError) as problem:
        say(f"failed: {problem}")
        sys.exit(1)
    finally:
        if options.keep:
            say(f"left: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)

    table = markdown(results)
    options.results.mkdir(parents=True, exist_ok=True)
    for name, text in (("membership.md", table), ("membership.json", json.dumps(results, indent=2) + "\n")):
        temporary = options.results / f".{name}.part"
        temporary.write_text(text)
        temporary.rename(options.results / name)
    print(table)
    for problem in results["problems"]:
        say(f"failed: {problem}")
    sys.exit(1 if results["problems"] else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Events and dead letters from the table to objects, by `emporium relay`, against writing the same bytes to files. See ../README.md.

    archive.py PATH/TO/emporium [--rows 400000] [--rounds 3]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "membership")]
import measuring  # noqa: E402
import promoting  # noqa: E402
import stack as stacks  # noqa: E402

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secretsecret", "AWS_REGION": "us-east-1"}
# Made by their owner, whose functions the archive's are; the scripts that follow are the superuser's.
PARTITIONS = """
set role emporium_owner;
select ops.ensure_partition('staging.reject', (now() at time zone 'UTC')::date);
select events.ensure_partitions(array[now(), now() - interval '1 day'], now());
"""
LINES = """
create schema if not exists bench;
drop table if exists bench.pending;
create table bench.pending as table ops.archive_pending;
analyze public.events;
"""
# As after the last promote, and everything written.
START = """
truncate ops.archive_piece, ops.archive_kept, ops.archive_pending, ops.outbox_message, ops.outbox, ops.archive_object;
insert into ops.archive_pending select * from bench.pending;
update ops.setting set value = '{compression}' where name = 'archive.compression';
checkpoint;
"""
# What server and lines alone take: no object, no digest, no fsync, no books.
COPY = "copy (select event::text from events.enriched where batch_id = {batch} order by position) to '{folder}/{batch}.jsonl';\n"
NAMES = {
    "write": "the same bytes written to files, fsync and rename (the limit)",
    "copy": "`copy (select line) to` file, in the server",
    "file": "emporium relay, file://", "file-gzip": "emporium relay, file://, gzip",
    "s3": "emporium relay, s3:// (nanio)", "s3-gzip": "emporium relay, s3:// (nanio), gzip",
    "rival-file": "psycopg and files", "rival-file-gzip": "psycopg and files, gzip",
    "rival-s3": "psycopg and boto3 (nanio)", "rival-s3-gzip": "psycopg and boto3 (nanio), gzip",
    "verify": "emporium archive verify, file://",
}


def empty(folder):
    subprocess.run(["find", folder, "-mindepth", "1", "-delete"], check=True)


def nanio(folder):
    """Started, and its URL; ends with its standard input."""
    child = subprocess.Popen(
        [sys.executable, stacks.PROJECT / "Tests" / "objects" / "nanio.py", "--data", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True)
    return child, f"http://127.0.0.1:{int(child.stdout.readline())}"


class Contest:
    def __init__(self, stack, rows, work, endpoint):
        self.stack, self.rows, self.work = stack, rows, Path(work)
        self.server = measuring.Server(stack.psql("show data_directory").strip())
        self.folders = {name: self.work / name for name in ("objects", "copied", "written", "rival")} | {"bucket": self.work / "nanio" / "emporium"}
        for folder in self.folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self.work, 0o755)
        os.chmod(self.folders["copied"], 0o777)  # the server writes here
        self.file = stack.environment | {"EMPORIUM_OBJECT_STORE": f"file://{self.folders['objects']}"}
        self.s3 = stack.environment | KEYS | {"EMPORIUM_OBJECT_STORE": "s3://emporium", "AWS_ENDPOINT_URL_S3": endpoint}

    def relay(self, environment):
        taken = measuring.run(
            [self.stack.binary, "relay", "--once", "--only", "archive"], server=self.server, cwds=[stacks.PROJECT], env=environment)
        self.delivered()
        return taken

    def delivered(self):
        found = self.stack.psql(
            "select coalesce(sum(records), 0) || ' ' || count(*) filter (where delivered_at is null) from ops.archive_object").split()
        if found != [str(self.rows), "0"]:
            raise SystemExit(f"{found[0]} lines of {self.rows}, {found[1]} objects not delivered")

    def run(self, kind):
        base, _, _ = kind.partition("-gzip")
        compression = "none" if base == kind else "gzip"
        self.stack.psql(START.format(compression=compression))
        for name in ("copied", "written", "rival", "objects", "bucket"):
            empty(self.folders[name])
        os.sync()
        if base in ("file", "s3"):
            return self.relay(self.file if base == "file" else self.s3)
        if kind in ("write", "verify"):  # of what a relay has put there, which does not count
            self.relay(self.file)
            os.sync()
        if kind == "write":
            return measuring.run([stacks.PYTHON, "-B", HERE / "write.py", self.folders["objects"], self.folders["written"]], server=self.server)
        if kind == "verify":
            return measuring.run(
                [self.stack.binary, "archive", "verify"], server=self.server, cwds=[stacks.PROJECT], env=self.file)
        if kind == "copy":
            batches = self.stack.psql("select batch_id from ops.batch where stored > 0 order by 1").split()
            script = self.work / "copy.sql"
            script.write_text("".join(COPY.format(batch=batch, folder=self.folders["copied"]) for batch in batches))
            return measuring.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.stack.url(), "-f", script], server=self.server)
        place = "s3" if base == "rival-s3" else self.folders["rival"]
        return measuring.run(
            [stacks.PYTHON, "-B", HERE / "rival.py", self.stack.url(), place, compression], server=self.server, env=self.s3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=400_000, help="events, one of a hundred of them bad")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    stacks.install_rivals()

    with tempfile.TemporaryDirectory(prefix="emporium-bench-", dir="/tmp") as work, stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        stack.psql(PARTITIONS)
        promoting.prepare(stack, HERE.parent / "events" / "promote_messages.sql", rows=options.rows, bad=1, odd=0)
        stack.psql("select received from ops.promote_next('events.raw', 1);\n" * -(-options.rows // promoting.BATCH))
        stack.psql(LINES)
        rows = int(stack.psql("select coalesce(sum(records), 0) from bench.pending"))
        if rows != options.rows:
            raise SystemExit(f"{rows} records wait for the archive, {options.rows} were promoted")
        child, endpoint = nanio(Path(work) / "nanio")
        try:
            contest = Contest(stack, rows, work, endpoint)
            took = {kind: [] for kind in NAMES}
            for number in range(options.rounds + 1):
                for kind in (NAMES if number % 2 else reversed(NAMES)):
                    taken = contest.run(kind)
                    print(f"round {number}: {kind}: {taken.seconds:.2f} s, {taken.cpu:.2f} s of CPU", file=sys.stderr, flush=True)
                    if number:  # the first round does not count
                        took[kind].append(taken)
            contest.run("file")
            sizes = stack.psql(
                "select count(*), sum(bytes), (select value from ops.setting where name = 'archive.object.records') from ops.archive_object"
            ).strip().split("|")
        finally:
            child.stdin.close()
            child.wait()

    report(options, took, rows, settings, sizes)


def report(options, took, rows, settings, sizes):
    objects, size, most = map(int, sizes)
    middle = {
        kind: {key: statistics.median(getattr(one, key) or 0 for one in rounds) for key in ("seconds", "cpu", "server_cpu", "peak_mib", "load_before")}
        for kind, rounds in took.items()}
    limit = middle["write"]["seconds"]
    lines = [
        "| | events/s | of the limit | CPU µs an event, program | server | peak memory | seconds | busy before |",
        "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for kind, one in middle.items():
        span = f"{min(taken.seconds for taken in took[kind]):.2f} to {max(taken.seconds for taken in took[kind]):.2f}"
        lines.append(
            f"| {NAMES[kind]} | {rows / one['seconds']:,.0f} | {limit / one['seconds']:.2f} | {one['cpu'] / rows * 1e6:.2f} | "
            f"{one['server_cpu'] / rows * 1e6:.2f} | {one['peak_mib']:.0f} MiB | {span} | {one['load_before']:.0%} |")
    page = [
        "# The archive: from the table to objects", "",
        f"{rows:,} records, events and 1 % dead letters, in {objects} objects of at most {most:,} lines, {size / rows:.0f} bytes a line, {size:,} in all; "
        f"medians of {options.rounds} rounds. {settings}", "",
        *lines, "",
        "Seconds are from a program's start to its end, fastest and slowest round. The relay seals, reads the lines, digests, packs, puts, has each "
        "object on the disk (fsync) and books it in a transaction of its own; the rivals write files of a batch each, with digest and fsync, and have no books. "
        "nanio shares the cores with all of them, its CPU is nobody's here.", ""]
    stacks.publish("archive", "\n".join(page), {
        "records": rows, "objects": objects, "bytes": size, "settings": settings,
        "rounds": [{"contender": kind, **{key: getattr(taken, key) for key in ("seconds", "cpu", "server_cpu", "peak_mib", "load_before")}}
                   for kind, rounds in took.items() for taken in rounds]})


main()

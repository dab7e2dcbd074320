#!/usr/bin/env python3
"""Events from staging to public.events and its ledger, judged and booked, against a bare INSERT .. SELECT of the same rows.
See ../README.md.

    promote.py PATH/TO/emporium [--rows 200000] [--rounds 3] [--bad 1,10,85] [--odd 0]
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import stack as stacks  # noqa: E402

BATCH = 20_000
PROMOTED = "events promoted, one session"
LIMIT = "bare INSERT .. SELECT, one session"


def prepared(stack, rows, bad, odd):
    stack.psql((HERE / "promote_messages.sql").read_text(), "-v", f"rows={rows}", "-v", f"bad={bad}", "-v", f"odd={odd}")
    os.sync()


def seconds(stack, script):
    """By the wall, and of CPU in the session's own server process: what holds up on a machine that others use, too."""
    before = time.perf_counter()
    said = stack.psql(script + "select pg_backend_pid() as pid \\gset\n\\setenv BENCH_PID :pid\n\\! cut -d' ' -f14,15 /proc/$BENCH_PID/stat\n")
    ticks = sum(map(int, said.split()[-2:]))
    return time.perf_counter() - before, ticks / os.sysconf("SC_CLK_TCK")


def promoted(stack, rows, batches):
    took = seconds(stack, "select received from ops.promote_next('events.raw', 1);\n" * batches)
    wrong = stack.psql(
        f"select 'not all promoted' where (select coalesce(sum(stored + rejected), 0) from ops.batch where state = 'promoted') <> {rows};"
        "select batch_id, what, booked, counted from ops.reconcile('events.raw') where what not like 'offsets%';"
        "select 'events' where (select count(*) from public.events) <> (select sum(stored) from ops.batch);")
    if wrong.strip():
        raise SystemExit(f"promoted wrongly: {wrong}")
    return took


def limit(stack, rows, batches):
    took = seconds(stack, "".join((HERE / "promote_limit.sql").read_text().format(batch=number + 1) for number in range(batches)))
    if int(stack.psql("select count(*) from bench.events")) != rows:
        raise SystemExit("the limit has not all rows")
    return took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bad", default="1,10,85", help="of 100, by commas; the first stands against the limit")
    parser.add_argument("--odd", type=int, default=0, help="of 100 with ULID, ObjectId and a time with an offset, which the limit cannot cast")
    options = parser.parse_args()
    shares = [int(share) for share in options.bad.split(",")]
    batches = -(-options.rows // BATCH)
    steps = [(PROMOTED, promoted)] + ([] if options.odd else [(LIMIT, limit)])

    with stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        took = {}
        for number in range(options.rounds + 1):
            for bad in shares:
                for name, step in (steps if number % 2 else reversed(steps)):
                    prepared(stack, options.rows, bad, options.odd)
                    spent = step(stack, options.rows, batches)
                    if number:  # the first round does not count
                        took.setdefault((name, bad), []).append(spent)

    rate = {key: options.rows / statistics.median(wall for wall, _ in spent) for key, spent in took.items()}
    cost = {key: statistics.median(cpu for _, cpu in spent) * 1e6 / options.rows for key, spent in took.items()}
    page = [
        "# Events: promote against the limit", "",
        f"{options.rows:,} events in batches of {BATCH:,}, a transaction each, {options.odd} % with ids or times that are no plain "
        f"ones, medians of {options.rounds} rounds. {settings}", "",
        "| bad rows | promoted, rows/s | the limit, rows/s | ratio | promoted, us of CPU a row | the limit | ratio in CPU |",
        "|--:|--:|--:|--:|--:|--:|--:|"]
    for bad in shares:
        mine, spent = rate[PROMOTED, bad], cost[PROMOTED, bad]
        if options.odd:
            page.append(f"| {bad} % | {mine:,.0f} | | | {spent:.1f} | | |")
        else:
            bare, least = rate[LIMIT, bad], cost[LIMIT, bad]
            page.append(f"| {bad} % | {mine:,.0f} | {bare:,.0f} | {mine / bare:.2f} | {spent:.1f} | {least:.1f} | {least / spent:.2f} |")
    page += ["", "The ratio is promote's rows per second divided by the limit's: parse, cast and insert into two tables with the "
             "columns and indexes of public.events and events.message, not partitioned, without rules, digests, forms and books.", ""]
    stacks.publish("events-promote", "\n".join(page), {
        "rows": options.rows, "odd": options.odd, "seconds": {f"{name}, {bad} %": spent for (name, bad), spent in took.items()}})


main()

#!/usr/bin/env python3
"""Customer messages from staging to shop.customers, judged and booked, against a bare INSERT .. SELECT of the same rows.
See ../README.md.

    bench.py PATH/TO/emporium [--rows 200000] [--rounds 3] [--bad 1,10,85]
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
PROMOTED = "customers promoted, one session"
LIMIT = "bare INSERT .. SELECT, one session"


def prepared(stack, rows, bad):
    stack.psql((HERE / "messages.sql").read_text(), "-v", f"rows={rows}", "-v", f"bad={bad}")
    os.sync()


def seconds(stack, script):
    """By the wall, and of CPU in the session's own server process: what holds up on a machine that others use, too."""
    before = time.perf_counter()
    said = stack.psql(script + "select pg_backend_pid() as pid \\gset\n\\setenv BENCH_PID :pid\n\\! cut -d' ' -f14,15 /proc/$BENCH_PID/stat\n")
    ticks = sum(map(int, said.split()[-2:]))
    return time.perf_counter() - before, ticks / os.sysconf("SC_CLK_TCK")


def promoted(stack, rows, batches):
    took = seconds(stack, "select received from ops.promote_next('shop.customer', 1);\n" * batches)
    wrong = stack.psql(
        f"select 'not all promoted' where (select coalesce(sum(stored + rejected), 0) from ops.batch where state = 'promoted') <> {rows};"
        "select batch_id, what, booked, counted from ops.reconcile('shop.customer');"
        "select 'customers' where (select count(*) from shop.customers) <> (select sum(stored) from ops.batch);")
    if wrong.strip():
        raise SystemExit(f"promoted wrongly: {wrong}")
    return took


def limit(stack, rows, batches):
    took = seconds(stack, "".join((HERE / "limit.sql").read_text().format(batch=number + 1) for number in range(batches)))
    if int(stack.psql("select count(*) from bench.customers")) != rows:
        raise SystemExit("the limit has not all rows")
    return took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bad", default="1,10,85", help="of 100, by commas; the first stands against the limit")
    options = parser.parse_args()
    shares = [int(share) for share in options.bad.split(",")]
    batches = -(-options.rows // BATCH)

    with stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        took = {}
        for number in range(options.rounds + 1):
            steps = [(PROMOTED, promoted), (LIMIT, limit)]
            for bad in shares:
                for name, step in (steps if number % 2 else reversed(steps)):
                    prepared(stack, options.rows, bad)
                    spent = step(stack, options.rows, batches)
                    if number:  # the first round does not count
                        took.setdefault((name, bad), []).append(spent)

    rate = {key: options.rows / statistics.median(wall for wall, _ in spent) for key, spent in took.items()}
    cost = {key: statistics.median(cpu for _, cpu in spent) * 1e6 / options.rows for key, spent in took.items()}
    page = [
        "# Customers: promote against the limit", "",
        f"{options.rows:,} messages of as many customers in batches of {BATCH:,}, a transaction each, medians of {options.rounds} rounds. {settings}", "",
        "| bad rows | promoted, rows/s | the limit, rows/s | ratio | promoted, us of CPU a row | the limit | ratio in CPU | CPU speed of the first share's |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for bad in shares:
        mine, bare = rate[PROMOTED, bad], rate[LIMIT, bad]
        page.append(
            f"| {bad} % | {mine:,.0f} | {bare:,.0f} | {mine / bare:.2f} | {cost[PROMOTED, bad]:.1f} | {cost[LIMIT, bad]:.1f} | "
            f"{cost[LIMIT, bad] / cost[PROMOTED, bad]:.2f} | {cost[PROMOTED, shares[0]] / cost[PROMOTED, bad]:.2f} |")
    page += ["", "The ratio is promote's rows per second divided by the limit's: parse, cast and insert into a table with the columns and indexes of "
             "shop.customers, no rule, no conversion, no ledger, no foreign key.", ""]
    stacks.publish("customers", "\n".join(page), {"rows": options.rows, "seconds": {f"{name}, {bad} %": spent for (name, bad), spent in took.items()}})


main()

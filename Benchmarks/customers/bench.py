#!/usr/bin/env python3
"""Customer messages from staging to shop.customers, judged and booked, against a bare INSERT .. SELECT of the same rows.
See ../README.md.

    bench.py PATH/TO/emporium [--rows 200000] [--rounds 3] [--bad 1,10,85]
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import promoting  # noqa: E402
import stack as stacks  # noqa: E402

PROMOTED = "customers promoted, one session"
LIMIT = "bare INSERT .. SELECT, one session"


def promoted(stack, rows, batches):
    return promoting.promoted(stack, "shop.customer", batches, (
        f"select 'not all promoted' where (select coalesce(sum(stored + rejected), 0) from ops.batch where state = 'promoted') <> {rows};"
        "select batch_id, what, booked, counted from ops.reconcile('shop.customer');"
        "select 'customers' where (select count(*) from shop.customers) <> (select sum(stored) from ops.batch);"))


def limit(stack, rows, batches):
    return promoting.limit(stack, HERE / "limit.sql", "bench.customers", rows, batches)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bad", default="1,10,85", help="of 100, by commas; the first stands against the limit")
    options = parser.parse_args()
    shares = [int(share) for share in options.bad.split(",")]

    with stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        took, rate, cost = promoting.contest(
            stack, options.rows, options.rounds, shares,
            lambda stack, bad: promoting.prepare(stack, HERE / "messages.sql", rows=options.rows, bad=bad),
            [(PROMOTED, promoted), (LIMIT, limit)])
    page = [
        "# Customers: promote against the limit", "",
        f"{options.rows:,} messages of as many customers in batches of {promoting.BATCH:,}, a transaction each, medians of {options.rounds} rounds. {settings}", "",
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

#!/usr/bin/env python3
"""Events from staging to public.events and its ledger, judged and booked, against a bare INSERT .. SELECT of the same rows.
See ../README.md.

    promote.py PATH/TO/emporium [--rows 200000] [--rounds 3] [--bad 1,10,85] [--odd 0]
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import promoting  # noqa: E402
import stack as stacks  # noqa: E402

PROMOTED = "events promoted, one session"
LIMIT = "bare INSERT .. SELECT, one session"


def promoted(stack, rows, batches):
    return promoting.promoted(stack, "events.raw", batches, (
        f"select 'not all promoted' where (select coalesce(sum(stored + rejected), 0) from ops.batch where state = 'promoted') <> {rows};"
        "select batch_id, what, booked, counted from ops.reconcile('events.raw') where what not like 'offsets%';"
        "select 'events' where (select count(*) from public.events) <> (select sum(stored) from ops.batch);"))


def limit(stack, rows, batches):
    return promoting.limit(stack, HERE / "promote_limit.sql", "bench.events", rows, batches)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bad", default="1,10,85", help="of 100, by commas; the first stands against the limit")
    parser.add_argument("--odd", type=int, default=0, help="of 100 with ULID, ObjectId and a time with an offset, which the limit cannot cast")
    options = parser.parse_args()
    shares = [int(share) for share in options.bad.split(",")]
    steps = [(PROMOTED, promoted)] + ([] if options.odd else [(LIMIT, limit)])

    with stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        took, rate, cost = promoting.contest(
            stack, options.rows, options.rounds, shares,
            lambda stack, bad: promoting.prepare(stack, HERE / "promote_messages.sql", rows=options.rows, bad=bad, odd=options.odd), steps)
    page = [
        "# Events: promote against the limit", "",
        f"{options.rows:,} events in batches of {promoting.BATCH:,}, a transaction each, {options.odd} % with ids or times that are no plain "
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

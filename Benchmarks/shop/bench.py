#!/usr/bin/env python3
"""Order entry with every rule against the same tables without them, in bulk and one by one; and the sample shop's
generation against a bare INSERT .. SELECT. See ../README.md.

    bench.py PATH/TO/emporium [--orders 100000] [--lines 1000000] [--rounds 3] [--seconds 5]
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import stack as stacks  # noqa: E402

KINDS = {
    "with every rule": ("shop.orders", "shop.order_items"),
    "foreign keys, CHECKs and indexes, no triggers": ("bench.orders_keys", "bench.items_keys"),
    "indexes alone": ("bench.orders_indexes", "bench.items_indexes"),
    "nothing at all": ("bench.orders_bare", "bench.items_bare"),
}
SINGLE = """\\set product random(1, 1999)
\\set customer random(1, 20000)
begin;
insert into {orders} (order_id, customer_id, order_date, total_amount, status, shipping_address, payment_method, currency)
    values (nextval('bench.numbers'), :customer, now(), 60, 'pending', 'High Street 1', 'card', 'EUR');
insert into {items} (order_id, product_id, quantity, unit_price, discount_amount, total_price)
    values (currval('bench.numbers'), :product, 2, 10, 0, 20), (currval('bench.numbers'), :product + 1, 4, 10, 0, 40);
commit;
"""


def bulk(stack, orders, items):
    """Seconds for all orders and their lines in one transaction, its commit (where totals are checked) included."""
    # TRUNCATE gives no stock back, so it is set as it was.
    stack.psql(f"truncate {items}, {orders}" + (
        " cascade; set session_replication_role = replica; update shop.products set stock_quantity = 1000000000"
        if orders.startswith("shop") else "") + "; checkpoint;")
    os.sync()
    before = time.perf_counter()
    stack.psql(f"set role emporium_owner; begin; insert into {orders} select * from bench.head; "
               f"insert into {items} select * from bench.line; commit;")
    return time.perf_counter() - before


def single(stack, orders, items, clients, seconds):
    """Orders of two lines, a transaction each, a second; by pgbench."""
    script = Path(stack.folder) / "single.sql"
    script.write_text(SINGLE.format(orders=orders, items=items))
    url = stack.url()
    pgbench = Path(subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True).stdout.strip()) / "pgbench"
    done = subprocess.run(
        [pgbench if pgbench.exists() else "pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", "1", "-T", str(seconds), url],
        capture_output=True, text=True, env=os.environ | {"PGOPTIONS": "-c role=emporium_owner"})
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode != 0 or not found:
        raise SystemExit(f"pgbench gave {done.returncode}\n{done.stdout}{done.stderr}")
    return float(found[1])


def generation(binary, lines):
    """A sample shop of about so many lines, as `emporium generate shop` tells of it."""
    with stacks.stack(binary) as stack:
        orders = lines * 33 // 100  # three lines an order, and a little
        return json.loads(stack.emporium("generate", "shop", "--customers", orders // 4, "--orders", orders, "--json"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()

    with stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        stack.psql((HERE / "entry.sql").read_text(), "-v", f"orders={options.orders}")
        stack.psql("create sequence bench.numbers start 100000000; alter sequence bench.numbers owner to emporium_owner;")
        rows = int(stack.psql("select (select count(*) from bench.head) + (select count(*) from bench.line)"))
        took = {kind: [] for kind in KINDS}
        for number in range(options.rounds):
            for kind in (list(KINDS) if number % 2 == 0 else list(reversed(KINDS))):
                took[kind].append(bulk(stack, *KINDS[kind]))
        seconds = {kind: statistics.median(took[kind]) for kind in KINDS}
        rate = {}
        for clients in (1, 4):
            for kind in KINDS:
                rate[kind, clients] = single(stack, *KINDS[kind], clients, options.seconds)
        for view in ("order_fault", "stock_fault", "order_due"):
            if stack.psql(f"select count(*) from shop.{view}").strip() != "0":
                raise SystemExit(f"shop.{view} is not empty")

    made = generation(options.binary, options.lines)

    mine = "with every rule"
    page = [
        "# Order entry, with every rule and without", "",
        f"{rows:,} rows ({options.orders:,} orders and their lines) in one transaction, medians of {options.rounds} rounds; then orders of two "
        f"lines, a transaction each, {options.seconds} s. {settings}", "",
        "| tables | bulk rows/s | ratio | orders/s, 1 client | ratio | orders/s, 4 clients | ratio |", "|---|--:|--:|--:|--:|--:|--:|"]
    for kind in KINDS:
        page.append(
            f"| {kind} | {rows / seconds[kind]:,.0f} | {seconds[kind] / seconds[mine]:.2f} | " + " | ".join(
                f"{rate[kind, clients]:,.0f} | {rate[mine, clients] / rate[kind, clients]:.2f}" for clients in (1, 4)) + " |")
    page += [
        "", "The ratio is the speed with every rule divided by this line's.", "",
        f"# A sample shop of {made['lines']:,} order lines", "",
        f"`emporium generate shop`: {made['rows']:,} rows in all, {made['seconds']:.1f} s, in one transaction.", "",
        "| what | lines/s | ratio to bare |", "|---|--:|--:|"]
    for what, rate_ in (
            ("all of it: drafts, every table, keys, indexes, checks", made["linesPerSecond"]),
            ("storing the lines alone", made["storedLinesPerSecond"]),
            ("a bare INSERT .. SELECT of the same lines", made["bareLinesPerSecond"])):
        page.append(f"| {what} | {rate_:,} | {rate_ / made['bareLinesPerSecond']:.2f} |")
    page.append("")
    stacks.publish("shop", "\n".join(page), {
        "rows": rows, "bulk_seconds": took, "single": {f"{kind}, {clients}": value for (kind, clients), value in rate.items()},
        "generation": made})


main()

#!/usr/bin/env python3
"""Measures the queries of sql/queries over a generated shop with a million order lines. See ../README.md.

    bench.py PATH/TO/emporium [--lines 1000000] [--seed 1] [--rounds 3] [--no-rival]

Exit codes: 0 done, 1 something failed or the rival does not agree, 64 usage.
"""

import argparse
import csv
import datetime
import io
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
BENCHMARKS = HERE.parent
PROJECT = BENCHMARKS.parent
QUERIES = PROJECT / "sql" / "queries"
sys.path[:0] = [str(BENCHMARKS / "membership"), str(BENCHMARKS)]
import measuring  # noqa: E402
import stack as stacks  # noqa: E402

LIMIT = "select count(*), sum(total_price) from shop.order_items"
SETTINGS = ("shared_buffers", "work_mem", "hash_mem_multiplier", "max_parallel_workers_per_gather", "jit", "lc_collate")
# Tables that the rival reads, as it gets them.
EXPORTS = {
    "orders": "select order_id, customer_id, (order_date at time zone 'UTC')::date as day, total_amount, status, currency from shop.orders",
    "order_items": "select order_id, product_id, quantity, total_price from shop.order_items",
    "products": "select product_id, name, category, cost from shop.products",
    "customer_member": "select c.customer_id, m.member_key as membership_id from shop.customer_member c join membership.member m using (membership_id)",
    "currency_rate": "select currency, valid_from, rate from shop.currency_rate",
}


def say(text):
    print(text, file=sys.stderr, flush=True)


class Stack(stacks.Stack):
    """A stack of its own with one shop in it."""

    def up(self):
        self.emporium("up")
        self.admin = self.emporium("url", "--admin").strip()

    def fill(self, lines, seed):
        """A shop with about so many order lines: how many lines an order has is learnt from a small one."""
        small = 2000
        self.fresh()
        self.generate(small, seed)
        each = int(self.ask("select count(*) from shop.order_items")) / small
        self.fresh()
        self.generate(round(lines / each), seed)
        self.ask("vacuum analyze")

    def fresh(self):
        name = urllib.parse.urlsplit(self.admin).path[1:]
        self.ask(f'drop database if exists "{name}" with (force)', "postgres")
        self.up()
        self.emporium("migrate")

    def generate(self, orders, seed):
        self.emporium("generate", "shop", "--customers", max(10, orders // 7), "--orders", orders, "--seed", seed)

    def psql(self, *words, role=None, text=None, database=None):
        url = self.admin
        if database:
            url = urllib.parse.urlsplit(url)._replace(path="/" + database).geturl()
        environment = self.environment | ({"PGOPTIONS": f"-c role={role}"} if role else {})
        done = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *words, url], input=text, capture_output=True, text=True,
            env=environment)
        if done.returncode != 0:
            raise measuring.Failed(f"psql {words}: {done.stderr[-2000:]}")
        return done.stdout

    def ask(self, query, database=None):
        return self.psql("-At", "-c", query, database=database).strip()

    def milliseconds(self, text, role=None):
        """What psql says the statement took, its answer fetched and not printed."""
        out = self.psql("-At", role=role, text=f"\\o /dev/null\n\\timing on\n{text}")
        return float(re.findall(r"Time: ([0-9.]+) ms", out)[-1])

    def plan(self, text, role=None):
        out = self.psql("-At", role=role, text=explained(text))
        return json.loads(out)[0]


def explained(text):
    """The file with EXPLAIN before its statement."""
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines) if line and not line.startswith(("--", "\\", " ")))
    return "\n".join([*lines[:first], "explain (analyze, buffers, timing off, format json)", *lines[first:]]) + "\n"


def measure(stack, options, work):
    texts = {path.stem: path.read_text() for path in sorted(QUERIES.glob("*.sql"))}
    taken = {name: [] for name in texts}
    scans, busy = [], []
    stack.milliseconds(LIMIT + ";\n")
    for name, text in texts.items():
        stack.milliseconds(text, "analytics")  # does not count: whatever it reads is in memory then
    for number in range(options.rounds):
        busy.append(measuring.busy())
        scans.append(stack.milliseconds(LIMIT + ";\n"))
        for name, text in texts.items():
            taken[name].append(stack.milliseconds(text, "analytics"))
        say(f"round {number + 1}: the limit {scans[-1]:.0f} ms, the queries {sum(all[-1] for all in taken.values()):.0f} ms")
    limit = stack.plan(LIMIT + ";\n")["Plan"]
    scan = statistics.median(scans)
    queries = {}
    for name, text in texts.items():
        plan = stack.plan(text, "analytics")["Plan"]
        queries[name] = {
            "ms": statistics.median(taken[name]), "fastest": min(taken[name]), "slowest": max(taken[name]),
            "ratio": statistics.median(taken[name]) / scan, "rows": plan["Actual Rows"], "cost": plan["Total Cost"],
            "buffers": plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
            "temporary": plan["Temp Read Blocks"] + plan["Temp Written Blocks"],
        }
    results = {
        "environment": {
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "seed": options.seed, "rounds": options.rounds, "cores": len(os.sched_getaffinity(0)),
            "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
            "postgresql": stack.ask("show server_version"),
            "settings": {name: stack.ask(f"show {name}") for name in SETTINGS},
            "rows": {table: int(stack.ask(f"select count(*) from {table}")) for table in (
                "shop.order_items", "shop.orders", "shop.customers", "shop.products", "membership.member",
                "shop.order_status_history", "shop.product_reviews")},
            "busy_before": max(busy),
        },
        "limit": {"ms": scan, "fastest": min(scans), "slowest": max(scans), "cost": limit["Total Cost"],
                  "buffers": limit["Shared Hit Blocks"] + limit["Shared Read Blocks"]},
        "queries": queries, "problems": [], "rival": {},
    }
    if not options.no_rival:
        compare(stack, results, options.rounds, work)
    return results


def compare(stack, results, rounds, work):
    """DuckDB, in memory, over the same rows; its answers must be ours."""
    stacks.install_rivals()
    for table, query in EXPORTS.items():
        stack.psql("-c", f"\\copy ({query}) to '{work}/{table}.csv' with (format csv, header)")
    done = measuring.run([stacks.PYTHON, HERE / "rival_duckdb.py", work, rounds])
    rival = json.loads(done.output)
    results["rival"] = {"version": rival["version"], "load_seconds": rival["load_seconds"]}
    for name, theirs in rival["queries"].items():
        results["queries"][name]["duckdb_ms"] = statistics.median(theirs["ms"])
        out = stack.psql("--csv", "-t", "-f", QUERIES / f"{name}.sql", role="analytics")
        ours = list(csv.reader(io.StringIO(out)))
        if len(ours) != len(theirs["rows"]):
            results["problems"].append(f"{name}: {len(ours)} rows, DuckDB {len(theirs['rows'])}")
        for one, other in zip(ours, theirs["rows"]):
            if [one[n] for n in theirs["columns"]] != other:
                results["problems"].append(f"{name}: {one}, DuckDB {other}")
                break


def markdown(results):
    environment, limit = results["environment"], results["limit"]
    rows = environment["rows"]
    lines = [
        "# Queries over a million order lines",
        "",
        f"A generated shop with {rows['shop.order_items']:,} order lines, {rows['shop.orders']:,} orders and "
        f"{rows['shop.customers']:,} customers; each query as the role analytics, medians of {environment['rounds']} rounds, all "
        f"in memory, {environment['date']}. *Scans* is its time divided by that of one bare scan of the lines "
        f"(`{LIMIT}`), measured in the same rounds.",
        "",
        "| query | ms (fastest–slowest) | scans | rows | plan's cost | blocks read | temporary blocks | DuckDB ms |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        f"| the bare scan | {limit['ms']:,.0f} ({limit['fastest']:,.0f}–{limit['slowest']:,.0f}) | **1.0** | 1 | "
        f"{limit['cost']:,.0f} | {limit['buffers']:,} | 0 | |",
    ]
    for name, one in results["queries"].items():
        rival = f"{one['duckdb_ms']:,.0f}" if "duckdb_ms" in one else ""
        lines.append(
            f"| {name} | {one['ms']:,.0f} ({one['fastest']:,.0f}–{one['slowest']:,.0f}) | **{one['ratio']:,.1f}** | "
            f"{one['rows']:,} | {one['cost']:,.0f} | {one['buffers']:,} | {one['temporary']:,} | {rival} |")
    settings = ", ".join(f"{name} {value}" for name, value in environment["settings"].items())
    lines += ["", f"{environment['cores']} cores, {environment['memory_mib']:,} MiB. PostgreSQL {environment['postgresql']}: "
              f"{settings}. Seed {environment['seed']}."]
    if results["rival"]:
        lines[-1] += (
            f" DuckDB {results['rival']['version']}, in memory, after {results['rival']['load_seconds']:.1f} s of loading; "
            + ("the same answers." if not results["problems"] else "other answers."))
    if environment["busy_before"] > 0.15:
        lines += ["", f"**The machine was not quiet**: up to {environment['busy_before']:.0%} of its cores were in use by others."]
    if results["problems"]:
        lines += ["", "**They do not agree:**", ""] + [f"- {problem}" for problem in results["problems"]]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path, help="the release binary of emporium")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="where the stack lies meanwhile; the system's temporary folder")
    parser.add_argument("--results", type=Path, default=BENCHMARKS / "results")
    parser.add_argument("--no-rival", action="store_true", help="without DuckDB")
    try:
        options = parser.parse_args()
    except SystemExit as stop:
        sys.exit(64 if stop.code else 0)
    options.binary = options.binary.resolve()
    if not os.access(options.binary, os.X_OK) or options.lines < 1 or options.rounds < 1:
        say(f"no program: {options.binary}" if options.lines > 0 else "at least one line, one round")
        sys.exit(64)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack goes down, too
    work = Path(tempfile.mkdtemp(prefix="emporium-bench-", dir=options.work))
    work.chmod(0o755)  # the server's own user has to get through
    stack = Stack(options.binary, work)
    try:
        say("starting a stack of its own")
        stack.up()
        say(f"generating a shop with {options.lines} order lines")
        stack.fill(options.lines, options.seed)
        results = measure(stack, options, work)
    except (measuring.Failed, subprocess.CalledProcessError, OSError) as problem:
        say(f"failed: {problem}")
        sys.exit(1)
    finally:
        try:
            stack.emporium("down")
        except SystemExit as problem:
            say(problem)
        shutil.rmtree(work, ignore_errors=True)

    table = markdown(results)
    options.results.mkdir(parents=True, exist_ok=True)
    for name, text in (("queries.md", table), ("queries.json", json.dumps(results, indent=2) + "\n")):
        temporary = options.results / f".{name}.part"
        temporary.write_text(text)
        temporary.rename(options.results / name)
    print(table)
    for problem in results["problems"]:
        say(f"failed: {problem}")
    sys.exit(1 if results["problems"] else 0)


if __name__ == "__main__":
    main()

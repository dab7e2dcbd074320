#!/usr/bin/env python3
"""All of the platform at once, under a load that rises to ten times a normal day's and beyond: what holds, and what breaks first.
See ../README.md.

    rehearse.py [PATH/TO/emporium PATH/TO/emporium-collector] [--debug-build] [--seconds 240] [--curve 1,2,4,10,20,1] [--seed 1]
                [--orders 40] [--posts 40] [--customers 100] [--hot 30] [--before] [--alone 6] [--sabotage] [--out NAME]
"""

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import proof  # noqa: E402
import report  # noqa: E402
import stack as stacks  # noqa: E402
import watch  # noqa: E402
import wire  # noqa: E402

FIRST_ORDER = 1_000_000_000
EVENTS = 10  # in a package
QUERIES = ("top_items", "revenue_by_month", "basket_pairs", "stock_runs_out", "events_by_type", "event_latency", "repeat_purchase_rate")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Rehearsal:
    def __init__(self, stack, options):
        self.stack, self.options = stack, options
        self.work = Path(stack.folder)
        self.url = stack.url()
        home = Path(stack.environment["EMPORIUM_HOME"])
        record = (home / "kafka" / "broker").read_text()
        self.brokers = re.search(r"^bootstrap (.*)$", record, re.M)[1]
        self.named = {int(re.search(r"^pid (\d+)", record, re.M)[1]): "broker"}
        self.postmaster = int(Path(stack.psql("show data_directory").strip(), "postmaster.pid").read_text().split("\n", 1)[0])
        self.archive = f"file://{home}/archive"
        self.children, self.lane = {}, 0
        self.port = free_port()

    # Before

    def prepare(self):
        """A shop with history, enough of everything in stock, schemas, a key."""
        run, options = self.stack.emporium, self.options
        run("generate", "shop", "--customers", options.shop_customers, "--orders", options.shop_customers * 4)
        self.stack.psql("delete from shop.product_retirement; set role emporium_owner;"
                        "insert into shop.stock_movement (product_id, quantity, reason) select product_id, 1000000, 'receipt' from shop.products;"
                        f"update ops.setting set value = '{report.ARCHIVE_AGE} seconds' where name = 'archive.object.age'")
        if options.before:
            self.stack.psql((HERE / "before.sql").read_text())
        self.stack.psql("vacuum analyze")
        run("schemas", "apply", "--folder", stacks.PROJECT / "topics")
        self.key = run("collect", "keys", "add", "--sender", "rehearsal", "--rate", "1000000").split()[0]
        rows = [line.split("|") for line in self.stack.psql("select product_id, price from shop.products order by 1").split()]
        self.prices = {product: price for product, price in rows}
        self.hot, self.cold = int(rows[0][0]), [(int(product), price) for product, price in rows[1:]]

    def environment(self, title):
        return self.stack.environment | {
            "DATABASE_URL": self.stack.emporium("url").strip() + "&application_name=" + title.replace(" ", "%20"),
            "KAFKA_BOOTSTRAP_SERVERS": self.brokers, "EMPORIUM_OBJECT_STORE": self.archive,
            "EMPORIUM_COLLECTOR": str(Path(self.options.collector).resolve()), "EMPORIUM_COLLECT_TOTAL_RATE": "0"}

    def start(self, title, *words):
        log = open(self.work / f"{title.replace(' ', '-')}.log", "wb")
        child = subprocess.Popen(
            [str(self.stack.binary), *map(str, words)], env=self.environment(title), cwd=stacks.PROJECT, stdout=log, stderr=log)
        log.close()
        self.children[title] = child
        self.named[child.pid] = title
        return child

    def told(self, title):
        return (self.work / f"{title.replace(' ', '-')}.log").read_text(errors="replace")[-1500:]

    def start_platform(self):
        self.start("collector", "collect", "--port", self.port)
        self.start("load customers", "load", "kafka", "--topic", "customers", "--quiet")
        self.start("load events", "load", "kafka", "--topic", "events.raw", "--quiet")
        self.start("relay", "relay", "--quiet")
        self.until("the collector listens", self.listens)
        self.until("both loaders have their partitions", lambda: self.stack.psql(
            "select count(distinct feed) from ops.kafka_position where owner is not null").strip() == "2")

    def listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def until(self, what, holds, seconds=60):
        deadline = time.monotonic() + seconds
        while not holds():
            for title, child in self.children.items():
                if child.poll() is not None:
                    raise SystemExit(f"{title} ended: {self.told(title)}")
            if time.monotonic() > deadline:
                raise SystemExit(f"waited in vain: {what}")
            time.sleep(0.05)

    # Load

    def sender(self, kind, steps, rate, **more):
        """A sender, ready; gives its process and where its log is."""
        self.lane += 1
        plan = {
            "seed": self.options.seed, "lane": self.lane, "steps": steps, "rate": rate, "patience": self.options.patience,
            "log": str(self.work / f"{kind}.{self.lane}.log"), "sessions": self.options.sessions if kind == "orders" else self.options.connections, "database": self.url, "port": self.port,
            "key": self.key, "events": EVENTS, "one_message": self.options.one_message, "hot": self.hot, "hot_share": self.options.hot / 100, "cold": self.cold,
            "prices": self.prices, "customers": self.options.shop_customers, "first_order": FIRST_ORDER + self.lane * 10_000_000} | more
        path = self.work / f"{kind}.{self.lane}.json"
        path.write_text(json.dumps(plan))
        child = subprocess.Popen(
            [sys.executable, "-B", HERE / "senders.py", kind, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.named[child.pid] = f"sender of {kind}"
        if child.stdout.readline().strip() != "ready":
            raise SystemExit(f"the sender of {kind} did not start")
        return child, plan["log"]

    def customers(self, steps, begin, told):
        """A generator a step: customers onto Kafka. Open-loop by itself."""
        for number, step in enumerate(steps):
            time.sleep(max(0.0, begin - time.monotonic()))
            title = f"generate customers {number}"
            rate = max(1, round(self.options.customers * step["factor"]))
            with open(self.work / f"customers.{number}.json", "w") as out:
                child = subprocess.Popen(
                    [str(self.stack.binary), "generate", "customers", "--rate", str(rate), "--count", str(max(1, round(rate * step["seconds"]))), "--json", "--quiet",
                     "--seed", str(self.options.seed + number), "--first-customer", str((number + 1) * 10_000_000), "--bad", "1%"],
                    env=self.environment(title), cwd=stacks.PROJECT, stdout=out, stderr=subprocess.DEVNULL)
            self.named[child.pid] = "generate customers"
            told.append((child, self.work / f"customers.{number}.json"))
            begin += step["seconds"]

    def analysts(self, begin, seconds, took):
        """A question every few seconds, one after the other."""
        number = 0
        while time.monotonic() < begin + seconds:
            name, asked = QUERIES[number % len(QUERIES)], time.monotonic()
            done = subprocess.run([str(self.stack.binary), "query", name, "--csv", "--quiet"], env=self.environment("analyst"), cwd=stacks.PROJECT, capture_output=True)
            took.append((asked - begin, time.monotonic() - asked, name, done.returncode))
            number += 1
            time.sleep(max(0.0, self.options.ask_every - (time.monotonic() - asked)))

    def extract(self, begin, start, end):
        """Somebody's extract that reads everything in one snapshot, as pg_dump does: open from one moment to another."""
        time.sleep(max(0.0, begin + start - time.monotonic()))
        connection = wire.Connection(self.url, "extract")
        connection.query("begin isolation level repeatable read; select count(*) from shop.order_items")
        time.sleep(max(0.0, begin + end - time.monotonic()))
        connection.query("commit")
        connection.close()

    def curve(self):
        factors = [float(word) for word in self.options.curve.split(",")]
        each = self.options.seconds / len(factors)
        steps = [{"factor": factor, "seconds": each} for factor in factors]
        orders, posts = self.sender("orders", steps, self.options.orders), self.sender("posts", steps, self.options.posts)
        begin = time.monotonic() + 1
        told, took = [], []
        looking = watch.Watch(self.url, self.postmaster, self.named, begin)
        threads = [threading.Thread(target=self.customers, args=(steps, begin, told), daemon=True),
                   threading.Thread(target=self.analysts, args=(begin, self.options.seconds, took), daemon=True)]
        high = [number for number, factor in enumerate(factors) if factor >= 10]
        if high and self.options.extract:
            threads.append(threading.Thread(target=self.extract, args=(begin, high[0] * each, (high[-1] + 1) * each), daemon=True))
        looking.start()
        for thread in threads:
            thread.start()
        for child, _ in (orders, posts):
            child.stdin.write(f"{begin}\n")
            child.stdin.flush()
        for thread in threads:
            thread.join()
        for child in (orders[0], posts[0], *(one for one, _ in told)):
            if child.wait(self.options.patience + 120) != 0:
                raise SystemExit(f"{self.named[child.pid]} gave {child.returncode}")
        sent = [json.loads(path.read_text()) for _, path in told]
        return {"begin": begin, "steps": steps, "orders": orders[1], "posts": posts[1], "customers": sent, "analysts": took, "watch": looking}

    def drain(self, run):
        """Waits until all that was acknowledged is in its table and in the archive; gives seconds after the last step."""
        expected = {
            "events.raw": sum(int(line[4]) for line in report.answered(run["posts"]) if line[2] == "ok"),
            "shop.customer": sum(one["acknowledged"] for one in run["customers"])}
        drained, since = {}, run["begin"] + self.options.seconds
        deadline = time.monotonic() + self.options.drain

        def look():
            books = run["watch"].looks[-1]
            for feed, count in expected.items():
                if (books["feeds"] or {}).get(feed, {}).get("done", 0) >= count and feed not in drained:
                    drained[feed] = time.monotonic() - since
            if len(drained) == len(expected) and not (books["archive"]["pending"] or books["archive"]["rows"] or books["outbox"]):
                drained["archive and outbox"] = time.monotonic() - since
                return True
            return time.monotonic() > deadline or run["watch"].problem is not None

        while not look():
            if any(child.poll() is not None for child in self.children.values()):
                break
            time.sleep(0.2)
        run["watch"].stop()
        return drained

    def stop_platform(self):
        """As a supervisor does; what ended before is told."""
        ended = {title: self.told(title) for title, child in self.children.items() if child.poll() is not None}
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for title, child in self.children.items():
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                child.kill()
                ended[title] = "did not end within 60 s of SIGTERM"
        return ended

    # Each lane alone

    def alone(self, seconds):
        """Orders a second when nothing else runs, as fast as the sessions take them."""
        rates = {}

        def rate(**more):
            child, log = self.sender("orders", [{"factor": 1, "seconds": seconds}], 0, **more)
            child.stdin.write(f"{time.monotonic()}\n")
            child.stdin.flush()
            if child.wait(seconds + 60) != 0:
                raise SystemExit(f"the sender of orders gave {child.returncode}")
            return sum(1 for line in report.answered(log) if line[2] == "ok") / seconds

        hot, some = self.options.hot / 100, f"orders, one product in {self.options.hot:.0f} %"
        for name, share, held, one_message in (
                ("orders, any product", 0, False, False), ("orders, one product in each", 1, False, False),
                ("orders, one product in each, in one message", 1, False, True), (some, hot, False, False),
                (f"{some}, in one message", hot, False, True), (f"{some}, while an extract is open", hot, True, False)):
            self.stack.psql("vacuum shop.products")
            connection = wire.Connection(self.url, "extract")
            if held:
                connection.query("begin isolation level repeatable read; select count(*) from shop.order_items")
            rates[name] = rate(hot_share=share, one_message=one_message)
            connection.close()
        self.stack.psql("vacuum shop.products")
        return rates


def parse():
    parser = argparse.ArgumentParser(description="All of the platform at once, at ten times a normal day's load and beyond.")
    add = parser.add_argument
    add("binary", nargs="?")
    add("collector", nargs="?")
    add("--debug-build", action="store_true", help="use .build/debug and .build-collector/debug")
    add("--seconds", type=float, default=240, help="of the whole curve, shared equally by its steps")
    add("--curve", default="1,2,4,10,20,1", help="each step's load, as a multiple of a normal day's")
    add("--seed", type=int, default=1)
    add("--orders", type=float, default=40, help="orders a second at 1")
    add("--posts", type=float, default=40, help="packages of 10 events a second at 1")
    add("--customers", type=float, default=100, help="customers' messages a second at 1")
    add("--hot", type=float, default=30, help="of 100 orders have the one product that everybody wants")
    add("--one-message", action="store_true", help="the shop sends an order, its lines and their commit in one message, not in two")
    add("--sessions", type=int, default=16, help="of the shop")
    add("--connections", type=int, default=64, help="of those who post")
    add("--shop-customers", type=int, default=5000, help="of the shop before the day; it has four times as many orders")
    add("--ask-every", type=float, default=3, help="seconds between two questions of analysts")
    add("--no-extract", dest="extract", action="store_false", help="leave out the snapshot that is open from 10 on")
    add("--partitions", type=int, default=12, help="of each topic: the embedded broker keeps about 5 MB of each, and drops the oldest")
    add("--patience", type=float, default=15, help="seconds after the end for which what waits is still sent")
    add("--drain", type=float, default=300, help="seconds that all may take to come to rest")
    add("--limit-ms", type=float, default=500, help="p95 of orders and packages that counts as broken")
    add("--limit-behind", type=float, default=10, help="seconds behind that count as broken")
    add("--alone", type=float, default=6, help="seconds for each lane alone; 0: none")
    add("--before", action="store_true", help="as it was before the rehearsal changed it: before.sql")
    add("--sabotage", action="store_true", help="afterwards take something away, and see that the proof finds it")
    add("--out", default=None, help="name of the results: rehearsal, with -before and -one-message for these")
    add("--results", type=Path, default=stacks.RESULTS, help="folder that they go to")
    options = parser.parse_args()
    if not options.binary:
        kind = "debug" if options.debug_build else "release"
        suffix = "" if options.debug_build else "-release"
        options.binary = stacks.PROJECT / f".build{suffix}/{kind}/emporium"
        options.collector = stacks.PROJECT / f".build-collector{suffix}/{kind}/emporium-collector"
    elif not options.collector:
        parser.error("the collector's path is missing")
    for path in (options.binary, options.collector):
        if not os.access(path, os.X_OK):
            parser.error(f"{path} is not there: make release release-collector")
    options.out = options.out or "rehearsal" + ("-before" if options.before else "") + ("-one-message" if options.one_message else "")
    return options


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of every finally: the stack goes with us
    say = lambda text: print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)  # noqa: E731
    with report.folder() as topics:
        (topics / "topics").mkdir()
        (topics / "topics" / "main-topics").write_text(
            f"customers,{options.partitions},1\ncustomers.dead.letter,1,1\nevents.raw,{options.partitions},1\nevents.dead.letter,1,1\n")
        with stacks.stack(options.binary, "--root", topics) as stack:
            rehearsal = Rehearsal(stack, options)
            say("a shop, schemas, a key")
            rehearsal.prepare()
            alone = {}
            if options.alone:
                say("each lane alone")
                alone = rehearsal.alone(options.alone)
            try:
                say("collector, loaders, relay")
                rehearsal.start_platform()
                say(f"the curve: {options.curve}, {options.seconds:.0f} s")
                run = rehearsal.curve()
                say("draining")
                drained = rehearsal.drain(run)
            finally:
                ended = rehearsal.stop_platform()
            say("proofs")
            proofs = proof.all_of(rehearsal, run, ended)
            caught = proof.sabotaged(rehearsal, run, ended) if options.sabotage else None
            figures = report.figures(rehearsal, run, drained, proofs, alone, options)
            if caught is not None:
                figures["sabotage"] = caught
            stacks.RESULTS = options.results
            stacks.publish(options.out, report.page(figures), figures)
    bad = [name for name, one in proofs.items() if not one["holds"]]
    missed = [name for name, found in (caught or {}).items() if not found]
    for name in bad:
        print(f"FAILED: {name}: {proofs[name]}", file=sys.stderr)
    for name in missed:
        print(f"FAILED: nobody noticed: {name}", file=sys.stderr)
    sys.exit(1 if bad or missed else 0)


main()

#!/usr/bin/env python3
"""Customers who order, and shops that post events: two open-loop senders, a process each.

    senders.py orders|posts PLAN.json

Arrivals are drawn beforehand from the plan's seed, a Poisson process whose rate is that of the step, and don't wait for answers: who
comes while all sessions are busy stands in a queue, and the time in it is in the latency. The log has a line an arrival: seconds
from the start at which it was to come and was answered, or given up, a status, and what the proof needs.
"""

import collections
import json
import random
import re
import selectors
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import wire  # noqa: E402


def arrivals(plan, rate, generator):
    """Seconds from the start, in order. A rate of 0 (each lane alone at its limit) is as fast as sessions take them."""
    begin = 0.0
    for step in plan["steps"]:
        pace, now, end = rate * step["factor"], begin, begin + step["seconds"]
        while pace > 0 and (now := now + generator.expovariate(pace)) < end:
            yield now
        begin = end


class Sender:
    """A loop over sessions: who is idle takes the earliest arrival that is due."""

    def __init__(self, plan, log):
        self.plan, self.log = plan, log
        self.generator = random.Random(plan["seed"])
        self.selector = selectors.DefaultSelector()
        self.idle, self.due = collections.deque(), collections.deque()
        self.lines, self.sessions, self.busy, self.number = [], [], 0, 0

    def run(self):
        start, end = self.plan["start"], sum(step["seconds"] for step in self.plan["steps"])
        closed = self.plan["rate"] == 0
        coming = iter(()) if closed else arrivals(self.plan, self.plan["rate"], self.generator)
        following, flushed = next(coming, None), 0.0
        while True:
            now = time.monotonic() - start
            while following is not None and following <= now:
                self.due.append(following)
                following = next(coming, None)
            if closed and 0 <= now < end:
                self.due.extend([now] * len(self.idle))
            while self.due and self.idle:
                session = self.idle.popleft()
                self.busy += 1
                self.number += 1
                session.send(self.due.popleft(), self.number, self.generator)
            # Who still waits some time after the end has gone away; that is counted as not served.
            if now >= end and not self.busy and not self.due and following is None or now > end + self.plan["patience"]:
                break
            if now - flushed > 0.2:
                self.flush()
                flushed = now
            wait = 0.05 if following is None else min(0.05, max(0.0, following - now))
            for key, _ in self.selector.select(wait):
                key.data.read()
        # Those count with the time that they have waited: left out, the worst would not be in the figures.
        for scheduled in [*self.due, *(session.scheduled for session in self.sessions if session not in self.idle)]:
            self.lines.append(f"{scheduled:.6f} {max(now, scheduled):.6f} unserved\n")
        self.flush()

    def done(self, session, scheduled, *words):
        self.lines.append(f"{scheduled:.6f} {time.monotonic() - self.plan['start']:.6f} " + " ".join(map(str, words)) + "\n")
        self.busy -= 1
        self.idle.append(session)

    def flush(self):
        self.log.write("".join(self.lines))
        self.log.flush()
        self.lines.clear()


class OrderSession:
    """A session of the shop: an order and its lines, then, when the server has taken them, COMMIT; or all of it in one message."""

    def __init__(self, sender):
        self.sender, plan = sender, sender.plan
        self.connection = wire.Connection(plan["database"], "rehearsal orders", "emporium_owner")
        self.connection.prepare("b", "begin")
        self.connection.prepare("c", "commit")
        self.connection.prepare("r", "rollback")
        self.connection.prepare(
            "o", "insert into shop.orders (order_id, customer_id, order_date, total_amount, status, shipping_address, payment_method, currency)"
                 " values ($1, $2, now(), $3, 'pending', 'High Street 1', 'card', 'EUR')")
        self.connection.prepare(
            "l", "insert into shop.order_items (order_id, product_id, quantity, unit_price, discount_amount, total_price)"
                 " select $1, t.p, t.q, t.u, 0, t.q * t.u from unnest($2::bigint[], $3::int[], $4::numeric[]) as t (p, q, u)")
        self.connection.socket.setblocking(False)
        sender.selector.register(self.connection.socket, selectors.EVENT_READ, self)
        sender.idle.append(self)

    def send(self, scheduled, number, generator):
        plan = self.sender.plan
        products = {plan["hot"]} if generator.random() < plan["hot_share"] else set()
        for _ in range(generator.randint(1, 4) - len(products)):
            products.add(generator.choice(plan["cold"])[0])
        if not products:
            products.add(plan["cold"][0][0])
        self.scheduled, self.failure = scheduled, None
        self.order, self.lines = plan["first_order"] + number, len(products)
        quantities = [generator.randint(1, 3) for _ in products]
        prices = [plan["prices"][str(product)] for product in products]
        cents = sum(quantity * round(float(price) * 100) for quantity, price in zip(quantities, prices))
        customer = generator.randint(1, plan["customers"])
        order = wire.call("o", self.order, customer, f"{cents // 100}.{cents % 100:02}") + wire.call(
            "l", self.order, *("{" + ",".join(map(str, column)) + "}" for column in (products, quantities, prices)))
        if plan["one_message"]:  # one transaction, too: what comes before a Sync is, where nobody says BEGIN
            self.step = "end"
            self.connection.socket.sendall(order + wire.SYNC)
        else:
            self.step = "lines"
            self.connection.socket.sendall(wire.call("b") + order + wire.SYNC)

    def read(self):
        self.connection.read()
        for kind, body in self.connection.received():
            if kind == b"E":
                self.failure = wire.Refused(body).code
            elif kind == b"Z" and self.step == "lines":
                self.step = "end"
                self.connection.socket.sendall(wire.call("r" if self.failure else "c") + wire.SYNC)
            elif kind == b"Z":
                self.sender.done(self, self.scheduled, self.failure or "ok", self.order, self.lines)


class PostSession:
    """A kept connection to the collector; a package of events a request."""

    def __init__(self, sender):
        self.sender = sender
        self.socket, self.buffer = None, b""
        self.connect()
        sender.idle.append(self)

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.sender.plan["port"]))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sender.selector.register(self.socket, selectors.EVENT_READ, self)

    STAMP = r"X-Message-Stamp-Holded\\Shared\\Infrastructure\\Messenger\\Stamp\\"
    CORE = r"X-Message-Stamp-Holded\\Core\\Messaging\\Messenger\\Stamp\\"
    EVENT = (
        '{"data":{"id":"0b7a1c52-1d9e-4c33-9d0f-6a3f0b8a%04x","amount":%d.25},"attributes":{"type":"shop.order.placed",'
        '"targetSubscription":"orders","' + STAMP + 'NewContextStamp":{"accountId":"6f9619ff-8b86-4011-b42d-00c04fc9%04x",'
        '"userId":"01hzxw8q3v5n7p9r1t2w3v4w5x","requestPlatform":"web"},"' + CORE + 'TimestampStamp":"%s",'
        '"' + CORE + 'MessageIdStamp":"%08x-0000-4000-8000-%012x"}}')

    def send(self, scheduled, number, generator):
        plan = self.sender.plan
        self.scheduled = scheduled
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        first = number * plan["events"]
        body = ("[" + ",".join(
            self.EVENT % (n % 65536, n % 500, n % 65536, stamp, plan["seed"] * 65536 + plan["lane"], n)
            for n in range(first, first + plan["events"])) + "]").encode()
        self.socket.sendall(
            f"POST /collect HTTP/1.1\r\nHost: rehearsal\r\nContent-Type: application/json\r\nX-API-Key: {plan['key']}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def read(self):
        data = self.socket.recv(65536)
        self.buffer += data
        if not data:  # closed before the answer: not acknowledged
            self.sender.selector.unregister(self.socket)
            self.socket.close()
            self.buffer = b""
            self.connect()
            self.sender.done(self, self.scheduled, "closed")
            return
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
        if len(body) < length:
            return
        self.buffer = body[length:]
        status = head[9:12].decode()
        if status == "200":
            answer = json.loads(body[:length])
            self.sender.done(self, self.scheduled, "ok", answer["packageId"], answer["accepted"])
        else:
            self.sender.done(self, self.scheduled, status)


def main():
    kind, plan = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    with open(plan["log"], "w") as log:
        sender = Sender(plan, log)
        for _ in range(plan["sessions"]):
            sender.sessions.append((OrderSession if kind == "orders" else PostSession)(sender))
        print("ready", flush=True)
        start = sys.stdin.readline().split()  # the moment at which everybody begins, by the monotonic clock
        plan["start"] = float(start[0])
        sender.run()


main()

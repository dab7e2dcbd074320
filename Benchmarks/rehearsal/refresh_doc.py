#!/usr/bin/env python3
"""Writes the figures of docs/black-friday.md anew, between its marks, from the last results of the rehearsal (with --before, with
--one-message, and with neither).
Text outside of the marks is left alone; a mark whose results are not there is left as it is, and named. --check writes nothing: exit code 1
when the document is not what the results say.

    refresh_doc.py [--check] [--results Benchmarks/results]
"""

import argparse
import json
import re
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))
import report  # noqa: E402

DOCUMENT = PROJECT / "docs" / "black-friday.md"


def curve(now):
    return "\n".join([about(now), "", *short(now)])


def about(one):
    options = one["options"]
    return (f"Curve {options['curve']}, {options['seconds']:.0f} s in all, seed {options['seed']}; 1x is {options['orders']:g} orders, {options['posts']:g} packages of 10 "
            f"events and\n{options['customers']:g} customers' messages a second; one product is in {options['hot']:g} % of the orders; {one['cores']} cores.{report.disturbed(one)}")


def short(one):
    rows = [
        "| load | orders/s, offered | done | p95, ms | packages/s, offered | done | p95, ms | POST to row, p95, s | behind: events / customers, s | CPU | waiting for a lock |",
        "|--:|" + "--:|" * 10]
    for step in one["steps"]:
        orders, posts, arrival = step["orders"], step["posts"], step["events"]["to_row"]
        number = lambda value: "–" if value is None else f"{value:,.0f}"  # noqa: E731
        rows.append(
            f"| {step['factor']:g}x | {orders['offered']:,.0f} | {orders['achieved']:,.0f} | {number(orders['p95'])} | {posts['offered']:,.0f} | {posts['achieved']:,.0f} "
            f"| {number(posts['p95'])} | " + (f"{arrival[1]:.1f}" if arrival else "–")
            + f" | {step['events']['behind_max']:.1f} / {step['customers']['behind_max']:.1f} | {step['busy']:.0%} | {step['order_locks']:.1f} of {one['options']['sessions']} |")
    return rows


def lag(now):
    return "\n".join(["```", *report.sparkline(now), "```"])


def first(now):
    return "\n".join(report.verdict(now))


def cores(now):
    return "\n".join(report.cpu(now))


def proofs(now):
    return "\n".join(report.proofs(now))


def change(now, before, message=None):
    """The same seed without the change, with it, and with orders in one message besides."""
    runs = [before, now] + ([message] if message else [])
    rows = ["| | before | after |" + (" after, in one message |" if message else ""), "|---|" + "--:|" * len(runs)]

    def row(name, value):
        rows.append(f"| {name} | " + " | ".join(value(one) for one in runs) + " |")

    for number, step in enumerate(now["steps"]):
        load = f"{step['factor']:g}x, step {number + 1}"
        row(f"{load}: orders/s done of {step['orders']['offered']:,.0f}", lambda one: f"{one['steps'][number]['orders']['achieved']:,.0f}")
        if step["factor"] >= 4:
            row(f"{load}: p95 of orders, ms", lambda one: (lambda p95: "–" if p95 is None else f"{p95:,.0f}")(one["steps"][number]["orders"]["p95"]))
            row(f"{load}: sessions waiting for a row lock", lambda one: f"{one['steps'][number]['order_locks']:.1f}")
    row("orders never served", lambda one: f"{one['unserved']['orders']:,}")
    row("multixacts an order, whole curve", lambda one: f"{multixacts(one):.2f}")
    row("others used, cores", lambda one: f"{max(step['cpu'].get('others on this machine', 0) for step in one['steps']):.1f}")
    for name in now["alone"]:
        if all(name in one["alone"] for one in runs):
            row(f"alone: {name}, a second", lambda one: f"{one['alone'][name]:,.0f}")
    return "\n".join(rows)


def multixacts(one):
    orders = next(proof["found"] for name, proof in one["proofs"].items() if name.startswith("every acknowledged order"))
    return sum(step["multixacts"] for step in one["steps"]) / max(1, orders)


BLOCKS = {"curve": curve, "lag": lag, "first": first, "cores": cores, "proofs": proofs, "change": change}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--results", type=Path, default=PROJECT / "Benchmarks" / "results")
    options = parser.parse_args()
    found = {}
    for name in ("rehearsal", "rehearsal-before", "rehearsal-one-message"):
        path = options.results / f"{name}.json"
        found[name] = json.loads(path.read_text()) if path.exists() else None
    text = old = DOCUMENT.read_text()
    for name, make in BLOCKS.items():
        pattern = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->)", re.S)
        if not pattern.search(text):
            sys.exit(f"{DOCUMENT} has no mark for {name}")
        if found["rehearsal"] is None or name == "change" and found["rehearsal-before"] is None:
            print(f"{name}: no results, left as it is", file=sys.stderr)
            continue
        block = change(*found.values()) if name == "change" else make(found["rehearsal"])
        text = pattern.sub(lambda hit: f"{hit[1]}\n{block}\n\n{hit[2]}", text)
    if options.check:
        sys.exit(0 if text == old else f"{DOCUMENT} is not what the results say: Benchmarks/rehearsal/refresh_doc.py")
    DOCUMENT.write_text(text)
    print(DOCUMENT.relative_to(PROJECT))


main()

"""From senders' notes and looks of a second each to figures by step, the first bottleneck, and a page."""

import contextlib
import functools
import os
import tempfile
from pathlib import Path

ARCHIVE_AGE = 10  # seconds that the archive may gather an object: the rehearsal's setting
BARS = " ▁▂▃▄▅▆▇█"


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="emporium-rehearsal-", dir="/tmp") as name:
        os.chmod(name, 0o755)
        yield Path(name)


@functools.lru_cache(maxsize=None)
def answered(log):
    """What a sender has noted: scheduled, answered, status, and what follows it, as text."""
    with open(log) as lines:
        return [line.split() for line in lines]


def unserved(log):
    """Arrivals that nobody had served when the sender's patience was over."""
    return sum(1 for line in answered(log) if line[2] == "unserved")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def latencies(log, begin, end):
    """Milliseconds from when an arrival was to come to its answer, of those that were to come in this time. Who was never
    served is in it with the time until the sender gave up: a lower bound."""
    return [(float(line[1]) - float(line[0])) * 1000 for line in answered(log) if begin <= float(line[0]) < end and line[2] in ("ok", "unserved")]


def lane(log, begin, end, rate):
    """One sender in one step."""
    came = [line for line in answered(log) if begin <= float(line[0]) < end]
    times = latencies(log, begin, end)
    done = sum(1 for line in answered(log) if begin <= float(line[1]) < end and line[2] == "ok")
    return {
        "offered": rate, "achieved": done / (end - begin), "refused": sum(1 for line in came if line[2] not in ("ok", "unserved")),
        "p50": percentile(times, 0.5), "p95": percentile(times, 0.95), "p99": percentile(times, 0.99)}


def figures(rehearsal, run, drained, proofs, alone, options):
    looks = run["watch"].looks
    acknowledged = sorted((float(line[1]), int(line[4])) for line in answered(run["posts"]) if line[2] == "ok")
    seconds = series(looks, acknowledged, run["steps"], options)
    steps, begin = [], 0.0
    arrival = to_row(rehearsal, run)
    for number, step in enumerate(run["steps"]):
        end = begin + step["seconds"]
        window = [one for one in seconds if begin < one["at"] <= end]
        steps.append({
            "factor": step["factor"], "seconds": step["seconds"],
            "orders": lane(run["orders"], begin, end, options.orders * step["factor"]),
            "posts": lane(run["posts"], begin, end, options.posts * step["factor"]),
            "events": {"offered": options.posts * step["factor"] * 10, "behind_max": top(window, "events_behind"), "to_row": arrival.get(number)},
            "customers": {"offered": options.customers * step["factor"], "behind_max": top(window, "customers_behind")},
            "waiting_max": top(window, "waiting"), "archive_age_max": top(window, "archive_age"), "archive_rows_max": top(window, "archive_rows"),
            "busy": mean(window, "busy"), "written": mean(window, "written"), "order_locks": mean(window, "order_locks"),
            "cpu": by_name(window, "cpu"), "waits": by_name(window, "waits"),
            "memory": {name: max(one["memory"].get(name, 0) for one in window) for name in sorted({name for one in window for name in one["memory"]})},
            "dead_max": top(window, "dead"), "multixacts": (window[-1]["multixact"] - window[0]["multixact"]) if window else 0,
            "checkpoints": (window[-1]["checkpoints"] - window[0]["checkpoints"]) if window else 0})
        begin = end
    asked = [{"at": at, "seconds": took, "query": name, "exit": code} for at, took, name, code in run["analysts"]]
    return {
        "settings": rehearsal.stack.environment_line(), "cores": os.cpu_count(),
        "options": {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()},
        "steps": steps, "first": first(steps, seconds, run, options), "drained": drained, "alone": alone, "proofs": proofs,
        "unserved": {"orders": unserved(run["orders"]), "posts": unserved(run["posts"])},
        "analysts": asked, "seconds": seconds}


def series(looks, acknowledged, steps, options):
    """A record a second, with what can be told only when the senders' notes are there."""
    rows, place, sent = [], 0, 0
    for before, now in zip([None] + looks[:-1], looks):
        while place < len(acknowledged) and acknowledged[place][0] <= now["at"]:
            sent += acknowledged[place][1]
            place += 1
        feeds = now["feeds"] or {}
        done = feeds.get("events.raw", {}).get("done", 0)
        at = round(now["at"], 2)
        rate = factor_at(steps, at)
        customers = (now["lag"] or {}).get("shop.customer") or 0
        customers += (lambda feed: feed.get("received", 0) - feed.get("done", 0))(feeds.get("shop.customer", {}))
        spent = now["at"] - before["at"] if before else 1.0
        busy = (1 - (now["idle"] - before["idle"]) / max(1, now["total"] - before["total"])) if before else 0
        used = {name: cpu / spent for name, cpu in now["cpu"].items()}
        used["others on this machine"] = max(0.0, busy * os.cpu_count() - sum(used.values()))
        rows.append({
            "at": at, "events_lag": max(0, sent - done), "customers_lag": customers,
            "events_behind": max(0, sent - done) / (options.posts * rate * 10), "customers_behind": customers / (options.customers * rate),
            "waiting": now["waiting"], "archive_rows": (now["archive"]["rows"] or 0), "archive_age": now["archive"]["age"] or 0, "pending": now["archive"]["pending"],
            "busy": busy,
            "written": (now["written"] - before["written"]) / spent / 1048576 if before else 0,
            "cpu": used, "memory": now["memory"], "waits": now["waits"],
            "order_locks": now["order_locks"], "dead": now["dead"] or 0, "multixact": int(now["multixact"]), "checkpoints": now["checkpoints"],
            "batches": sum(feed["batches"] for feed in feeds.values()), "look": now["took"]})
    return rows


def factor_at(steps, at):
    """Of the step in whose window a look is: after its begin, until its end."""
    end = 0.0
    for step in steps:
        end += step["seconds"]
        if at <= end:
            return step["factor"]
    return steps[-1]["factor"]


def top(window, key):
    return max((one[key] for one in window), default=0)


def mean(window, key):
    return sum(one[key] for one in window) / len(window) if window else 0


def by_name(window, key):
    names = {name for one in window for name in one[key]}
    found = {name: sum(one[key].get(name, 0) for one in window) / len(window) for name in names}
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def to_row(rehearsal, run):
    """Seconds from the receipt of an event to its row, by step: p50, p95, p99."""
    import time
    began = time.time() - (time.monotonic() - run["begin"])
    bounds, at = [], began
    for step in run["steps"]:
        bounds.append(at)
        at += step["seconds"]
    rows = rehearsal.stack.psql(
        "select width_bucket(extract(epoch from events.correlated_at(e.correlation_id)), array["
        + ",".join(f"{bound:.3f}" for bound in bounds) + "]::numeric[]) - 1,"
        " percentile_cont(array[0.5, 0.95, 0.99]) within group (order by extract(epoch from b.promoted_at - events.correlated_at(e.correlation_id)))"
        " from public.events e join ops.batch b using (batch_id) group by 1")
    return {int(number): [float(value) for value in values.strip("{}").split(",")]
            for number, values in (row.split("|") for row in rows.split())}


def first(steps, seconds, run, options):
    """The first step in which something breaks, what broke first in it, and what was used up then.

    Broken is: the step's p95 of orders or of packages above --limit-ms, from the look at which that of the last five seconds is; or, for
    three looks in a row, events or customers more than --limit-behind seconds of arrivals behind, or the archive's oldest record as much
    older than its age. In the step, the component counts that broke earliest."""
    begin = 0.0
    for number, (step, plan) in enumerate(zip(steps, run["steps"])):
        end = begin + plan["seconds"]
        window = [one for one in seconds if begin < one["at"] <= end]
        broke = {}
        for name, kind in (("orders", "orders"), ("packages", "posts")):
            if (step[kind]["p95"] or 0) > options.limit_ms:
                at = next((one["at"] for one in window if slow(run[kind], begin, one["at"], options)), end)
                broke[f"{name}: p95 above {options.limit_ms:.0f} ms"] = at
        for name, key, limit in (("events", "events_behind", options.limit_behind), ("customers", "customers_behind", options.limit_behind),
                                 ("archive", "archive_age", ARCHIVE_AGE + options.limit_behind)):
            at = next((three[0]["at"] for three in zip(window, window[1:], window[2:]) if all(one[key] > limit for one in three)), None)
            if at is not None:
                broke[f"{name}: more than {options.limit_behind:.0f} s behind"] = at
        if broke:
            what = min(broke, key=broke.get)
            return {"step": number, "factor": step["factor"], "what": what, "at": broke[what], "all": broke, "used_up": used_up(step, options)}
        begin = end
    return None


def slow(log, begin, at, options):
    """Whether arrivals of the last five seconds of the step were."""
    times = latencies(log, max(begin, at - 5), at)
    return bool(times) and percentile(times, 0.95) > options.limit_ms


def used_up(step, options):
    """The rule, in this order: half of the shop's sessions wait for a row lock; nine tenths of the machine's CPU is used; a quarter of
    a session and more waits for the log to be written on average; else nothing of these."""
    biggest = ", ".join(f"{name} {used:.2f}" for name, used in list(step["cpu"].items())[:4])
    if step["order_locks"] >= options.sessions / 2:
        return f"a row lock: {step['order_locks']:.1f} of {options.sessions} sessions of the shop wait for one (CPU {step['busy']:.0%}: {biggest})"
    if step["busy"] >= 0.9:
        return f"CPU: {step['busy']:.0%} of {os.cpu_count()} cores, most by {biggest}"
    log = sum(count for name, count in step["waits"].items() if name.startswith(("IO:WAL", "LWLock:WAL")))
    if log >= 0.25:
        return f"the log's disk: {log:.1f} sessions wait for it (CPU {step['busy']:.0%})"
    return f"none of row locks, CPU ({step['busy']:.0%}) and the log's disk"


def page(figures):
    options = figures["options"]
    lines = [
        "# The rehearsal: ten times the orders", "",
        f"A normal day is {options['orders']:g} orders, {options['posts']:g} packages of 10 events and {options['customers']:g} customers' messages a second; one product is in "
        f"{options['hot']:g} % of the orders. {figures['settings']}" + disturbed(figures), "",
        *table(figures), "", *verdict(figures), "", "Events that were acknowledged and are not in their table yet, by the second:", "",
        "```", *sparkline(figures), "```", "", *cpu(figures), ""]
    if figures["alone"]:
        lines += ["| alone, nothing else running | a second |", "|---|--:|"]
        lines += [f"| {name} | {rate:,.0f} |" for name, rate in figures["alone"].items()] + [""]
    lines += proofs(figures)
    return "\n".join(lines) + "\n"


def disturbed(figures):
    """A sentence where others used the machine, else nothing: the figures are then theirs, too."""
    others = max(step["cpu"].get("others on this machine", 0) for step in figures["steps"])
    return f" Other programs used up to {others:.1f} cores meanwhile." if others > 0.2 else ""


def table(figures):
    rows = [
        "| load | orders/s, offered | done | p50 / p95 / p99, ms | packages/s, offered | done | p50 / p95 / p99, ms | POST to row, p50 / p95, s "
        "| most behind: events / customers, s | archive's oldest, s | waiting rows | CPU | waiting for a lock | MB/s to disk |",
        "|--:|" + "--:|" * 13]
    for step in figures["steps"]:
        orders, posts, arrival = step["orders"], step["posts"], step["events"]["to_row"]
        rows.append(
            f"| {step['factor']:g}x | {orders['offered']:,.0f} | {orders['achieved']:,.0f} | {three(orders)} | {posts['offered']:,.0f} | {posts['achieved']:,.0f} | {three(posts)} | "
            + (f"{arrival[0]:.1f} / {arrival[1]:.1f}" if arrival else "–")
            + f" | {step['events']['behind_max']:.1f} / {step['customers']['behind_max']:.1f} | {step['archive_age_max']:.0f} | {step['waiting_max']:,.0f} | {step['busy']:.0%} | "
            f"{step['order_locks']:.1f} | {step['written']:.1f} |")
    return rows


def three(one):
    return " / ".join("–" if one[key] is None else f"{one[key]:,.0f}" if one[key] >= 10 else f"{one[key]:.1f}" for key in ("p50", "p95", "p99"))


def verdict(figures):
    one, lines = figures["first"], []
    if one is None:
        lines.append("**Nothing broke** within these limits.")
    else:
        lines.append(f"**First to break: {one['what']}**, at {one['factor']:g}x, {one['at']:.0f} s after the start. Used up: {one['used_up']}.")
        later = [f"{name} ({at:.0f} s)" for name, at in sorted(one["all"].items(), key=lambda pair: pair[1]) if name != one["what"]]
        if later:
            lines.append("In the same step then: " + "; ".join(later) + ".")
    drained = ", ".join(f"{name} {max(0, at):.0f} s" for name, at in figures["drained"].items())
    lines.append(f"At rest after the last step: {drained or 'nothing'}. Not served at all: "
                 f"{figures['unserved']['orders']:,} orders, {figures['unserved']['posts']:,} packages.")
    slowest = max((one for one in figures["analysts"]), key=lambda one: one["seconds"], default=None)
    if slowest:
        lines.append(f"Analysts asked {len(figures['analysts'])} questions; the slowest answer took {slowest['seconds']:.1f} s ({slowest['query']}).")
    return lines


def sparkline(figures):
    """One character a second, and a scale; the last step's number stands where it begins."""
    values = [one["events_lag"] for one in figures["seconds"]]
    largest = max(values, default=0) or 1
    bars = "".join(BARS[min(8, -(-value * 8 // largest))] for value in values)
    marks, at = [" "] * max(len(bars), 1), 0.0
    for step in figures["steps"]:
        text = f"|{step['factor']:g}x"
        for offset, letter in enumerate(text):
            place = next((i for i, one in enumerate(figures["seconds"]) if one["at"] >= at), len(bars)) + offset
            if place < len(marks):
                marks[place] = letter
        at += step["seconds"]
    lines = []
    for start in range(0, len(bars), 150):
        lines += [bars[start:start + 150], "".join(marks[start:start + 150])]
    return [f"full bar: {largest:,} events", *lines]


def cpu(figures):
    names = {}
    for step in figures["steps"]:
        for name, used in step["cpu"].items():
            names[name] = max(names.get(name, 0), used)
    shown = [name for name, used in sorted(names.items(), key=lambda one: -one[1]) if used >= 0.02]
    rows = ["| cores used by | " + " | ".join(f"{step['factor']:g}x" for step in figures["steps"]) + " | memory, MiB |", "|---|" + "--:|" * (len(figures["steps"]) + 1)]
    for name in shown:
        memory = max(step["memory"].get(name, 0) for step in figures["steps"])
        rows.append(f"| {name} | " + " | ".join(f"{step['cpu'].get(name, 0):.2f}" for step in figures["steps"]) + f" | {memory:,.0f} |".replace(" 0 |", "  |"))
    return rows


def proofs(figures):
    rows = ["| at the end | expected | found | |", "|---|--:|--:|---|"]
    for name, one in figures["proofs"].items():
        value = (lambda given: f"{given:,}" if isinstance(given, int) else ", ".join(given) or "none")
        rows.append(f"| {name} | {value(one['expected'])} | {value(one['found'])} | {'holds' if one['holds'] else '**fails**'} |")
    return rows

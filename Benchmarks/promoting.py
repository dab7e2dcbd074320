"""What the benchmarks of promote functions share: a session's seconds, and rounds of contenders over shares of bad rows."""

import os
import statistics
import time

BATCH = 20_000


def seconds(stack, script):
    """By the wall, and of CPU in the session's own server process: what holds up on a machine that others use, too."""
    before = time.perf_counter()
    said = stack.psql(script + "select pg_backend_pid() as pid \\gset\n\\setenv BENCH_PID :pid\n\\! cut -d' ' -f14,15 /proc/$BENCH_PID/stat\n")
    ticks = sum(map(int, said.split()[-2:]))
    return time.perf_counter() - before, ticks / os.sysconf("SC_CLK_TCK")


def prepare(stack, script, **variables):
    """Lands the rows, by a psql script with variables, and has them written."""
    stack.psql(script.read_text(), *(word for name, value in variables.items() for word in ("-v", f"{name}={value}")))
    os.sync()


def promoted(stack, feed, batches, wrong):
    """Promotes all that is landed. `wrong` is SQL that gives a row for each thing that is not as it should be."""
    took = seconds(stack, f"select received from ops.promote_next('{feed}', 1);\n" * batches)
    found = stack.psql(wrong)
    if found.strip():
        raise SystemExit(f"promoted wrongly: {found}")
    return took


def limit(stack, script, table, rows, batches):
    """The limit's script for each batch, after which its table has all rows."""
    took = seconds(stack, "".join(script.read_text().format(batch=number + 1) for number in range(batches)))
    if int(stack.psql(f"select count(*) from {table}")) != rows:
        raise SystemExit("the limit has not all rows")
    return took


def contest(stack, rows, rounds, shares, prepared, steps):
    """All steps, (name, function of stack, rows and batches), for each share of bad rows, the order reversed from round to
    round; the first round does not count.

    Gives, by (name, share): what each round took, rows a second, CPU us a row; medians.
    """
    batches = -(-rows // BATCH)
    took = {}
    for number in range(rounds + 1):
        for bad in shares:
            for name, step in steps if number % 2 else reversed(steps):
                prepared(stack, bad)
                spent = step(stack, rows, batches)
                if number:
                    took.setdefault((name, bad), []).append(spent)
    rate = {key: rows / statistics.median(wall for wall, _ in spent) for key, spent in took.items()}
    cost = {key: statistics.median(cpu for _, cpu in spent) / rows * 1e6 for key, spent in took.items()}
    return took, rate, cost

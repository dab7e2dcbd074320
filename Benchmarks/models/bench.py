#!/usr/bin/env python3
"""Fitting BG/NBD on 100,000 customers and scoring 1,000,000, in the database, against lifetimes. See ../README.md.

    bench.py PATH/TO/emporium [--fit 100000] [--score 1000000] [--rounds 3] [--no-pareto]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "membership")]
import measuring  # noqa: E402
import stack as stacks  # noqa: E402

AS_OF, UNTIL = "2025-12-30", "2025-12-31 00:00Z"
PYTHON = stacks.BENCHMARKS / ".venv-lifetimes" / "bin" / "python"
FORGET = "delete from analytics.model where model = '{model}';\n"
# Histories, one row a customer, that stand in a table: what the models alone are tried on.
HISTORIES = f"""
drop table if exists bench.history;
create table bench.history as
select frequency::float8 as x, recency::float8 as y, age::float8 as t from analytics.purchase_history('{AS_OF}');
vacuum analyze bench.history;
"""
# As fit_model does it, from histories and without the books.
FIT_ALONE = """
drop table if exists bench.fitted;
create table bench.fitted as
select f.* from (
    select array_agg(x order by x, y, t) as x, array_agg(y order by x, y, t) as y, array_agg(t order by x, y, t) as t,
        array_agg(n order by x, y, t) as n
    from (select x, y, t, count(*)::float8 as n from bench.history group by x, y, t) h
) g, analytics.maximise('analytics.bg_nbd_slope', array[1, 600, 1, 3], g.x, g.y, g.t, g.n) f;
"""
SCORE_ALONE = """
drop table if exists bench.alone;
create table bench.alone as
select s.i, s.alive, s.purchases from (select array_agg(x) as x, array_agg(y) as y, array_agg(t) as t from bench.history) g,
    analytics.bg_nbd_scores('{params}', g.x, g.y, g.t, 90, 7) s;
"""
NEXT_ORDER = f"drop table if exists bench.scored;\ncreate table bench.scored as select * from analytics.next_order('{AS_OF}');\n"
# The greatest relative difference of each answer, and customers whom only one of them has.
AGREE = """
select count(*) filter (where s.customer_id is null or r.customer_id is null), max(abs(s.expected_orders / r.purchases - 1)),
    max(abs(s.probability_alive / r.alive - 1)), max(abs(s.expected_value / r.value - 1)) filter (where s.orders_before > 1)
from bench.scored s full join bench.rival r using (customer_id);
"""


class Contest:
    def __init__(self, stack, work):
        self.stack, self.work = stack, Path(work)
        self.server = measuring.Server(stack.psql("show data_directory").strip())
        self.took = {}

    def params(self, model):
        return json.loads(self.stack.psql(f"select params from analytics.model where model = '{model}' and as_of = '{AS_OF}' and converged"))

    def given(self):
        return json.dumps({"bg_nbd": self.params("bg_nbd"), "gamma_gamma": self.params("gamma_gamma")})

    def book(self, name, taken, seconds, count):
        print(f"{name}: {seconds:.2f} s", file=sys.stderr, flush=True)
        if count:
            self.took.setdefault(name, []).append(
                {"seconds": seconds, "cpu": taken.cpu, "server_cpu": taken.server_cpu, "peak_mib": taken.peak_mib, "load_before": taken.load_before})

    def sql(self, name, script, count, before=""):
        """A statement of ours, from the start of psql to its end."""
        self.stack.psql(before + "checkpoint;\n")
        file = self.work / "script.sql"
        file.write_text(script)
        taken = measuring.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"until={UNTIL}", self.stack.url(), "-f", file], server=self.server)
        self.book(name, taken, taken.seconds, count)

    def rival(self, task, laps, count):
        """lifetimes; `laps` says which of its steps each line of the table is the sum of."""
        self.stack.psql("checkpoint;\n")
        taken = measuring.run([PYTHON, "-B", HERE / "rival.py", task, self.stack.url(), AS_OF, *([] if task == "fit-pareto" else [self.given()])],
                              server=self.server)
        answer = json.loads(taken.output)
        for name, steps in laps.items():
            self.book(name, taken, sum(answer[step] for step in steps), count)
        return answer

    def in_turn(self, rounds, steps):
        """All in each round, in reverse in every other one; the first does not count."""
        for number in range(rounds + 1):
            for step in (steps if number % 2 else reversed(steps)):
                step(number > 0)


def fit(contest, rounds, pareto):
    """Rounds of fits on what is in the shop; what did not agree."""
    contest.stack.psql(HISTORIES)
    contest.stack.psql(f"select analytics.fit_model('bg_nbd', '{AS_OF}'), analytics.fit_model('gamma_gamma', '{AS_OF}');")
    theirs = []
    contest.in_turn(rounds, [
        lambda count: contest.sql("fit: limit", (HERE / "limit.sql").read_text(), count),
        lambda count: contest.sql("fit: emporium", f"select analytics.fit_model('bg_nbd', '{AS_OF}');", count, FORGET.format(model="bg_nbd")),
        lambda count: contest.sql("fit: emporium, alone", FIT_ALONE, count),
        lambda count: theirs.append(contest.rival(
            "fit", {"fit: lifetimes": ("read", "histories", "fit"), "fit: lifetimes, alone": ("fit",)}, count)),
    ])
    contest.sql("fit: emporium, Gamma-Gamma", f"select analytics.fit_model('gamma_gamma', '{AS_OF}');", True, FORGET.format(model="gamma_gamma"))
    if pareto:
        contest.sql("fit: emporium, Pareto/NBD", f"select analytics.fit_model('pareto_nbd', '{AS_OF}');", True)
        theirs_pareto = contest.rival(
            "fit-pareto", {"fit: lifetimes, Pareto/NBD": ("read", "histories", "fit"), "fit: lifetimes, Pareto/NBD, alone": ("fit",)}, True)
        theirs_pareto["ours"] = contest.params("pareto_nbd")
    ours, their = contest.params("bg_nbd"), theirs[-1]
    alone = json.loads(contest.stack.psql("select to_jsonb(params) from bench.fitted"))
    problems = [
        f"{name}: {ours[name]}, lifetimes {their['params'][name]}" for name in ours if abs(ours[name] / their["params"][name] - 1) > 5e-5]
    problems += [f"alone, {name}: {one}, in the model {ours[name]}" for name, one in zip(("r", "alpha", "a", "b"), alone)
                 if abs(one / ours[name] - 1) > 5e-5]
    kept = float(contest.stack.psql("select log_likelihood from analytics.model where model = 'bg_nbd'"))
    if abs(kept / their["log_likelihood_of_given"] - 1) > 1e-9:
        problems.append(f"log-likelihood of our parameters: {kept}, by lifetimes {their['log_likelihood_of_given']}")
    if kept < their["log_likelihood"] - 1e-3:
        problems.append(f"log-likelihood: {kept}, lifetimes found {their['log_likelihood']}")
    return problems, {"ours": ours, "lifetimes": their["params"], "log_likelihood": kept, "lifetimes_log_likelihood": their["log_likelihood"],
                      "pareto_nbd": theirs_pareto if pareto else None}


def score(contest, rounds):
    contest.stack.psql(HISTORIES)
    params = contest.params("bg_nbd")
    literal = "{" + ",".join(repr(params[name]) for name in ("r", "alpha", "a", "b")) + "}"
    contest.in_turn(rounds, [
        lambda count: contest.sql("score: limit", (HERE / "limit.sql").read_text(), count),
        lambda count: contest.sql("score: emporium", NEXT_ORDER, count),
        lambda count: contest.sql("score: emporium, alone", SCORE_ALONE.format(params=literal), count),
        lambda count: contest.rival(
            "score", {"score: lifetimes": ("read", "histories", "score", "value", "write"), "score: lifetimes, alone": ("score",)}, count),
    ])
    apart, *differences = contest.stack.psql(AGREE).strip().split("|")
    problems = [f"{apart} customers are in one answer alone"] if apart != "0" else []
    names = ("expected purchases", "probability of being there", "expected value")
    return problems + [f"{name}: up to {one} apart" for name, one in zip(names, differences) if not float(one) < 1e-6], dict(zip(names, differences))


TABLE = {
    "fit: limit": "reading the orders, grouping them by customer (the limit)",
    "fit: emporium": "**emporium**, `analytics.fit_model`: orders, histories, fit, kept",
    "fit: lifetimes": "lifetimes: COPY to pandas, its summary, `BetaGeoFitter().fit`",
    "fit: emporium, alone": "emporium, from histories: grouped, fitted",
    "fit: lifetimes, alone": "lifetimes, from histories: `fit`",
    "fit: emporium, Gamma-Gamma": "emporium, Gamma-Gamma, from orders (once)",
    "fit: emporium, Pareto/NBD": "emporium, Pareto/NBD, from orders (once)",
    "fit: lifetimes, Pareto/NBD": "lifetimes, Pareto/NBD, from orders (once)",
    "score: limit": "reading the orders, grouping them by customer (the limit)",
    "score: emporium": "**emporium**, `analytics.next_order`: orders, histories, 13 columns, written to a table",
    "score: lifetimes": "lifetimes: COPY to pandas, its summary, purchases, alive, value; COPY to a table",
    "score: emporium, alone": "emporium, from histories: purchases, alive; written to a table",
    "score: lifetimes, alone": "lifetimes, from histories: purchases, alive",
}


def rows(contest, part):
    def middle(name, key):
        return statistics.median(one[key] or 0 for one in contest.took[name])

    limit = middle(f"{part}: limit", "seconds")
    lines = ["| | seconds (fastest–slowest) | of the limit | CPU s, program | server | peak memory | busy before |", "|---|--:|--:|--:|--:|--:|--:|"]
    for name, text in TABLE.items():
        if name.startswith(part + ":") and name in contest.took:
            seconds = [one["seconds"] for one in contest.took[name]]
            whole = not name.endswith("lifetimes, alone")  # a part of a process has no CPU of its own
            cpu = f"{middle(name, 'cpu'):.1f} | {middle(name, 'server_cpu'):.1f} | {middle(name, 'peak_mib'):,.0f} MiB" if whole else " | | "
            lines.append(f"| {text} | {statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f}) | "
                         f"**{limit / statistics.median(seconds):.2f}** | {cpu} | {max(one['load_before'] for one in contest.took[name]):.0%} |")
    ratio = middle(f"{part}: lifetimes", "seconds") / middle(f"{part}: emporium", "seconds")
    alone = middle(f"{part}: lifetimes, alone", "seconds") / middle(f"{part}: emporium, alone", "seconds")
    return lines, f"From orders emporium is {ratio:.2f} times as fast as lifetimes, from histories {alone:.2f} times."


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--fit", type=int, default=100_000)
    parser.add_argument("--score", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-pareto", action="store_true", help="without fits of Pareto/NBD, of which lifetimes' takes a minute")
    options = parser.parse_args()
    stacks.install_rivals(HERE / "requirements.txt", PYTHON)

    with tempfile.TemporaryDirectory(prefix="emporium-bench-", dir="/tmp") as work, stacks.stack(options.binary) as stack:
        settings = stack.environment_line()
        subprocess.run([PYTHON, "-B", HERE / "draw.py", work, str(options.score), str(options.seed)], check=True)
        stack.psql(
            "create schema bench;\n"
            "create table bench.drawn (order_id bigint, customer_id bigint, order_date timestamptz, total_amount numeric);\n"
            f"\\copy bench.drawn from '{work}/orders.csv' (format csv)\n"
            "insert into shop.currency_rate (currency, valid_from, rate) values ('EUR', '2023-01-01', 1) on conflict do nothing;")
        fill = (HERE / "fill.sql").read_text()
        contest = Contest(stack, work)
        stack.psql(fill, "-v", "from=1", "-v", f"to={options.fit}")
        fitted = int(stack.psql("select count(*) from shop.orders"))
        problems, parameters = fit(contest, options.rounds, not options.no_pareto)
        histories = int(stack.psql("select histories from analytics.model where model = 'bg_nbd'"))
        stack.psql(fill, "-v", f"from={options.fit + 1}", "-v", f"to={options.score}")
        scored = int(stack.psql("select count(*) from shop.orders"))
        wrong, differences = score(contest, options.rounds)
        problems += wrong

    fit_lines, fit_ratio = rows(contest, "fit")
    score_lines, score_ratio = rows(contest, "score")
    ours, theirs = parameters["ours"], parameters["lifetimes"]
    page = [
        "# When customers order next: fits and scores", "",
        f"Customers drawn from the BG/NBD process (seed {options.seed}), three years of days; medians of {options.rounds} rounds. {settings}", "",
        f"## Fitting BG/NBD on {options.fit:,} customers", "",
        f"{fitted:,} orders, {histories:,} different histories.", "", *fit_lines, "",
        fit_ratio + f" Parameters: {', '.join(f'{name} {ours[name]:.6g} (lifetimes {theirs[name]:.6g})' for name in ('r', 'alpha', 'a', 'b'))}; "
        f"log-likelihood {parameters['log_likelihood']:,.4f} ({parameters['lifetimes_log_likelihood']:,.4f}, by lifetimes' own function).", "",
        f"## Scoring {options.score:,} customers", "",
        f"{scored:,} orders; models as fitted above.", "", *score_lines, "",
        score_ratio + " Answers of the same parameters differ by at most " + ", ".join(f"{float(one):.1e} ({name})" for name, one in differences.items()) + ".", "",
        "Seconds of emporium are from the start of psql to its end; those of lifetimes without starting Python, importing and connecting, while its CPU and memory "
        "are the whole process'. lifetimes gives no dates and no intervals.", ""]
    if problems:
        page += ["**They do not agree:**", "", *(f"- {problem}" for problem in problems), ""]
    stacks.publish("models", "\n".join(page), {
        "settings": settings, "orders": {"fit": fitted, "score": scored}, "histories": histories, "parameters": parameters,
        "differences": differences, "problems": problems, "rounds": contest.took})
    sys.exit(1 if problems else 0)


main()

#!/usr/bin/env python3
"""What lifetimes (PyPI) takes for the same, in its usual way. Prints JSON; seconds are from inside, without imports and connecting.

    rival.py fit|fit-pareto|score URL AS_OF [PARAMETERS]

Orders are read by COPY and pandas' C parser, summed up by lifetimes' summary_data_from_transaction_data. PARAMETERS, JSON: those of both
models that scores are made with, so that answers can be compared; without it `score` fits none.
"""

import io
import json
import sys
import time
import warnings

warnings.simplefilter("ignore")
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import psycopg  # noqa: E402
from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter  # noqa: E402
from lifetimes.utils import summary_data_from_transaction_data  # noqa: E402

HORIZON = 90
COPY = """copy (select customer_id, (order_date at time zone 'UTC')::date, total_amount from shop.orders
    where status <> 'cancelled') to stdout (format csv)"""


class Watch:
    def __init__(self):
        self.times, self.began = {}, time.perf_counter()

    def lap(self, name):
        now = time.perf_counter()
        self.times[name], self.began = now - self.began, now


def orders(connection):
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        text = io.BytesIO(b"".join(bytes(block) for block in copy))
    frame = pd.read_csv(text, names=["customer", "day", "value"], header=None)
    frame["day"] = pd.to_datetime(frame["day"], format="%Y-%m-%d")
    return frame


def history(connection, as_of, watch, **values):
    frame = orders(connection)
    watch.lap("read")
    summary = summary_data_from_transaction_data(frame, "customer", "day", observation_period_end=as_of, **values)
    watch.lap("histories")
    return summary


def likelihood(params, data):
    """Of the sample, unscaled, by lifetimes' own function."""
    arrays = data["frequency"].to_numpy().astype(int), data["recency"].to_numpy(), data["T"].to_numpy()
    return -BetaGeoFitter._negative_log_likelihood(np.log(params), *arrays, np.ones(len(data)), 0) * len(data)


def fit(connection, as_of, pareto, given):
    watch = Watch()
    data = history(connection, as_of, watch)
    model = (ParetoNBDFitter if pareto else BetaGeoFitter)().fit(data["frequency"], data["recency"], data["T"])
    watch.lap("fit")
    answer = {"params": model.params_.to_dict(), "customers": len(data)}
    if not pareto:
        # Theirs and ours, by the same function on the same histories.
        answer["log_likelihood"] = likelihood(model.params_.to_numpy(), data)
        if given:
            answer["log_likelihood_of_given"] = likelihood(np.array([given["bg_nbd"][name] for name in ("r", "alpha", "a", "b")]), data)
    return watch.times | answer


def score(connection, as_of, given):
    watch = Watch()
    data = history(connection, as_of, watch, monetary_value_col="value")
    purchases, values = BetaGeoFitter(), GammaGammaFitter()
    purchases.params_ = pd.Series({name: given["bg_nbd"][name] for name in ("r", "alpha", "a", "b")})
    values.params_ = pd.Series({name: given["gamma_gamma"][name] for name in ("p", "q", "v")})
    watch.lap("given")
    arrays = data["frequency"], data["recency"], data["T"]
    data["purchases"] = purchases.conditional_expected_number_of_purchases_up_to_time(HORIZON, *arrays)
    data["alive"] = purchases.conditional_probability_alive(*arrays)
    watch.lap("score")
    data["value"] = data["purchases"] * values.conditional_expected_average_profit(data["frequency"], data["monetary_value"])
    watch.lap("value")
    text = data[["purchases", "alive", "value"]].to_csv(header=False)
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists bench.rival")
        cursor.execute("create table bench.rival (customer_id bigint, purchases float8, alive float8, value float8)")
        with cursor.copy("copy bench.rival from stdin (format csv)") as copy:
            copy.write(text)
    connection.commit()
    watch.lap("write")
    return watch.times | {"customers": len(data)}


def main():
    task, url, as_of = sys.argv[1:4]
    given = json.loads(sys.argv[4]) if len(sys.argv) > 4 else None
    with psycopg.connect(url) as connection:
        print(json.dumps(score(connection, as_of, given) if task == "score" else fit(connection, as_of, task == "fit-pareto", given)))


if __name__ == "__main__":
    main()

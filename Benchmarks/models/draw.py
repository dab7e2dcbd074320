#!/usr/bin/env python3
"""Made-up customers from the BG/NBD process itself, as orders: what a model is fitted on whose assumptions hold.

    draw.py FOLDER CUSTOMERS SEED

Writes FOLDER/orders.csv: order_id, customer_id, order_date, total_amount; by time, as a shop has them. Parameters as of the CDNOW
sample (times in days; values by Gamma-Gamma); first purchases over two years, observed to the end of the third. The same seed and
number of customers give the same orders.
"""

import csv
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np

BEGIN, BIRTHS, DAYS = date(2023, 1, 1), 730, 1095  # observed to 2025-12-30
R, ALPHA, A, B = 0.243, 4.414 * 7, 0.793, 2.426
P, Q, V = 6.25, 3.74, 15.44


def draw(customers, seed):
    """Customer, time in days since BEGIN and value of each purchase."""
    random = np.random.default_rng(seed)
    rate, leaves = random.gamma(R, 1 / ALPHA, customers), random.beta(A, B, customers)
    spends = random.gamma(Q, 1 / V, customers)  # rate of the Gamma distribution of values
    who, when = np.arange(customers), random.uniform(0, BIRTHS, customers)
    people, times = [], []
    while who.size:
        people.append(who)
        times.append(when)
        # The first purchase is a beginning, nobody leaves after it; after each later one some do.
        stays = np.ones(who.size, bool) if len(times) == 1 else random.random(who.size) >= leaves[who]
        who, when = who[stays], when[stays]
        with np.errstate(divide="ignore"):
            when = when + random.exponential(size=who.size) / rate[who]
        who, when = who[when < DAYS], when[when < DAYS]
    people, times = np.concatenate(people), np.concatenate(times)
    values = np.maximum(random.gamma(P, 1 / spends[people]).round(2), 0.01)
    order = np.argsort(times, kind="stable")
    return people[order], times[order], values[order]


def main():
    folder, customers, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    people, times, values = draw(customers, seed)
    days = [(BEGIN + timedelta(days=day)).isoformat() for day in range(DAYS)]
    with open(folder / "orders.csv", "w", newline="") as file:
        write = csv.writer(file)
        for number, (who, time, value) in enumerate(zip(people.tolist(), times.tolist(), values.tolist()), 1):
            second = int(time % 1 * 86400)
            write.writerow((number, who + 1, f"{days[int(time)]} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z", value))


if __name__ == "__main__":
    main()

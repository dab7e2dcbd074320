"""Some of sql/queries by DuckDB, in memory, all cores: rival_duckdb.py FOLDER ROUNDS. Prints JSON.

It gets exact decimals and the order's day ready made; what it does not have is masks, roles, writers beside it.
"""

import json
import sys
import time

import duckdb

TABLES = {
    "orders": "order_id bigint, customer_id bigint, day date, total_amount decimal(18, 4), status varchar, currency varchar",
    "order_items": "order_id bigint, product_id bigint, quantity integer, total_price decimal(18, 4)",
    "products": "product_id bigint, name varchar, category varchar, cost decimal(18, 4)",
    "customer_member": "customer_id bigint, membership_id varchar",
    "currency_rate": "currency varchar, valid_from date, rate decimal(18, 8)",
}
# Each with the columns of our answer that it gives, too.
QUERIES = {
    "top_members": ([0, 1, 2, 3], """
        select * from (
            select rank() over (order by spending desc) as rank, * from (
                select m.membership_id, count(*) as orders, round(coalesce(sum(o.total_amount * r.rate), 0), 2) as spending
                from customer_member m
                join orders o on o.customer_id = m.customer_id and o.status <> 'cancelled'
                asof left join currency_rate r on r.currency = o.currency and o.day >= r.valid_from
                group by m.membership_id))
        where rank <= 10 order by rank, membership_id"""),
    "top_items": ([0, 1, 3, 4], """
        select * from (
            select rank() over (order by count(*) desc) as rank, i.product_id, count(*) as orders, sum(i.quantity) as pieces
            from customer_member m
            join orders o on o.customer_id = m.customer_id and o.status <> 'cancelled'
            join order_items i on i.order_id = o.order_id
            group by i.product_id)
        where rank <= 3 order by rank, product_id"""),
    "revenue_by_month": ([0, 1, 2, 3, 4], """
        select o.month, p.category, count(*), sum(i.quantity), round(coalesce(sum(i.total_price * o.rate), 0), 2)
        from (
            select o.order_id, date_trunc('month', o.day)::date as month, r.rate
            from orders o
            asof left join currency_rate r on r.currency = o.currency and o.day >= r.valid_from
            where o.status <> 'cancelled') o
        join order_items i on i.order_id = o.order_id
        join products p on p.product_id = i.product_id
        group by o.month, p.category order by o.month, p.category"""),
    "basket_pairs": ([0, 1, 3, 5], """
        with line as materialized (
            select i.order_id, i.product_id from order_items i join orders o on o.order_id = i.order_id where o.status <> 'cancelled')
        select * from (
            select rank() over (order by count(*) desc) as rank, a.product_id as pa, b.product_id as pb, count(*) as orders
            from line a join line b on b.order_id = a.order_id and b.product_id > a.product_id
            group by a.product_id, b.product_id having count(*) >= 2)
        where rank <= 20 order by rank, pa, pb"""),
}


def main():
    folder, rounds = sys.argv[1], int(sys.argv[2])
    base = duckdb.connect()
    began = time.perf_counter()
    for table, columns in TABLES.items():
        base.execute(f"create table {table} ({columns})")
        base.execute(f"copy {table} from '{folder}/{table}.csv' (format csv, header)")
    loaded = time.perf_counter() - began
    results = {}
    for name, (columns, query) in QUERIES.items():
        base.execute(query).fetchall()
        taken = []
        for _ in range(rounds):
            began = time.perf_counter()
            rows = base.execute(query).fetchall()
            taken.append((time.perf_counter() - began) * 1000)
        results[name] = {"ms": taken, "columns": columns, "rows": [[text(value) for value in row] for row in rows]}
    json.dump({"version": duckdb.__version__, "load_seconds": loaded, "queries": results}, sys.stdout)


def text(value):
    return "" if value is None else str(value)


main()

"""What must be true after the rehearsal. Told from the senders' own notes of what was acknowledged, and from the tables."""

import subprocess

import report
import stack as stacks
import wire


def all_of(rehearsal, run, ended):
    """By name: whether it holds, what was expected, and what was found."""
    connection = wire.Connection(rehearsal.url, "rehearsal proof")
    found = {}

    def check(name, expected, counted):
        found[name] = {"holds": expected == counted, "expected": expected, "found": counted}

    def number(query):
        return int(connection.query(query)[0][0])

    check("every program ran to the end", {}, ended)
    orders = [line for line in report.answered(run["orders"]) if line[2] == "ok"]
    connection.query("create temporary table acknowledged_order (order_id bigint primary key, lines int)")
    connection.copy("copy acknowledged_order from stdin", ("\t".join(line[3:5]) for line in orders))
    check("every acknowledged order is there, with its lines", len(orders), number(
        "select count(*) from acknowledged_order a join shop.orders o using (order_id)"
        " where a.lines = (select count(*) from shop.order_items i where i.order_id = a.order_id)"))
    packages = [line for line in report.answered(run["posts"]) if line[2] == "ok"]
    connection.query("create temporary table acknowledged_package (package uuid primary key, events int)")
    connection.copy("copy acknowledged_package from stdin", ("\t".join(line[3:5]) for line in packages))
    connection.query("create temporary table stored as select events.package_id(correlation_id) as package, count(*) as events,"
                     " count(distinct correlation_id) as once, count(distinct message_id_stamp) as messages from public.events group by 1")
    check("every acknowledged event is in public.events", sum(int(line[4]) for line in packages), number(
        "select coalesce(sum(s.events), 0) from acknowledged_package a join stored s using (package) where s.events = a.events"))
    check("no event is there twice", 0, number("select coalesce(sum(events - least(once, messages)), 0) from stored"))
    customers = sum(one["acknowledged"] for one in run["customers"])
    check("every acknowledged customer message is stored, rejected or a duplicate", customers, number(
        "select coalesce(sum(stored + rejected + duplicate), 0) from ops.batch where feed = 'shop.customer'"))
    for feed in ("events.raw", "shop.customer"):
        check(f"ops.reconcile('{feed}') is empty", 0, number(f"select count(*) from ops.reconcile('{feed}')"))
    check("ops.accounting balances, nothing pending", 0, number("select count(*) from ops.accounting where difference <> 0 or pending <> 0"))
    for view in ("order_fault", "stock_fault", "order_due"):
        check(f"shop.{view} is empty", 0, number(f"select count(*) from shop.{view}"))
    check("nothing waits to leave", 0, number("select coalesce(sum(waiting + parked + pending), 0) from ops.outbox_status"))
    verified = subprocess.run(
        [str(rehearsal.stack.binary), "archive", "verify", "--quiet"], env=rehearsal.environment("verify"), cwd=stacks.PROJECT, capture_output=True)
    check("emporium archive verify", 0, verified.returncode)
    connection.close()
    return found


SABOTAGE = {
    # What is taken away, and the proof that must fail for it.
    "an order": ("every acknowledged order is there, with its lines",
                 "delete from shop.order_items where order_id = {order}; delete from shop.orders where order_id = {order}"),
    "an event": ("every acknowledged event is in public.events",
                 "delete from public.events where ctid = (select ctid from public.events where events.package_id(correlation_id) = '{package}' limit 1)"
                 " and events.package_id(correlation_id) = '{package}'"),
    "a piece of stock": ("shop.stock_fault is empty",
                         "set session_replication_role = replica; update shop.products set stock_quantity = stock_quantity - 1 where product_id = {product};"
                         " set session_replication_role = origin"),
    "a rejected customer": ("ops.reconcile('shop.customer') is empty",
                            "delete from staging.reject where (batch_id, position) in (select r.batch_id, r.position from staging.reject r"
                            " join ops.batch b using (batch_id) where b.feed = 'shop.customer' order by 1, 2 limit 1)"),
}


def sabotaged(rehearsal, run, ended):
    """Takes one thing after the other away and evaluates all proofs again; by what was taken: whether its proof failed."""
    order = next(line for line in report.answered(run["orders"]) if line[2] == "ok")
    package = next(line for line in report.answered(run["posts"]) if line[2] == "ok")
    caught = {}
    for what, (name, statement) in SABOTAGE.items():
        connection = wire.Connection(rehearsal.url, "sabotage")
        connection.query(statement.format(order=order[3], package=package[3], product=rehearsal.hot))
        connection.close()
        caught[what] = not all_of(rehearsal, run, ended)[name]["holds"]
    return caught

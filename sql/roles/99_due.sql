-- Who is due, in a document store: what the relay reads for that, and its books. Customers are ids there. Nothing is granted to PUBLIC.
grant usage on schema analytics to relay;
grant execute on function
    analytics.latest_order_day(), analytics.due_customers(date, integer, text), ops.document_owner(),
    ops.begin_document_run(text, bigint, date, integer, text, text[]), ops.complete_document_run(bigint, bigint, bigint, bigint)
to relay;
grant select on ops.document_run to relay, relay_admin;
grant execute on function analytics.latest_order_day(), analytics.due_customers(date, integer, text) to analytics;

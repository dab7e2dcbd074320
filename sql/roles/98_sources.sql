-- Order systems: loader lands their records, promoter judges them, takes them into the shop and tells what is wrong with them.
grant insert on staging.source_customers, staging.source_employees, staging.source_products, staging.source_orders,
    staging.source_order_details to loader;

grant usage on schema shop, quality to promoter;
grant execute on function ops.complete_run(bigint) to promoter;
grant select on quality.finding, quality.open_finding, ops.snapshot, ops.snapshot_batch, shop.source to promoter;

-- privacy: what order systems say of a person, and what is wrong with it. analytics has the masked views.
grant usage on schema quality to privacy;
grant select on shop.source, shop.source_customers, shop.source_employees, shop.source_orders, shop.source_order_details,
    shop.source_version, quality.finding, quality.open_finding to privacy;

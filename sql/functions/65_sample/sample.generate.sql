create or replace view sample.review_fault with (security_invoker = true) as
select r.review_id
from shop.product_reviews r
where not exists (
    select from shop.orders o
    join shop.order_items i on i.order_id = o.order_id
    join shop.order_status_history h on h.order_id = o.order_id and h.status = 'delivered'
    -- What refers to the review stands in WHERE: only then can this be one hash join instead of a look-up a review.
    where o.customer_id = r.customer_id and i.product_id = r.product_id and h.changed_at < r.review_date
        and o.status in ('delivered', 'returned'));
comment on view sample.review_fault is 'reviews by somebody to whom the product had not been delivered before: empty after sample.generate()';

create or replace function sample.generate(
    p_customers integer, p_orders integer, p_seed bigint, p_until date default '2026-01-01',
    out part text, out rows bigint, out seconds numeric) returns setof record
language plpgsql volatile
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set work_mem = '128MB' set maintenance_work_mem = '256MB'
set statement_timeout = 0 set jit = off set client_min_messages = warning as $$
-- Fills an empty shop with customers, products, and three years of orders up to p_until; the same arguments give the same
-- rows, for they come from hashes of seed and row, and no clock is read. Constraints, indexes and triggers are off meanwhile
-- and put back in the same transaction, which checks every row.
-- Answers: rows and seconds by part; 'bare' is an INSERT … SELECT of the same lines into a table without constraints.
-- Errors:  EM210 the shop is not empty, EM211 the arguments cannot be used, EM212 what was made breaks a rule (a mistake of ours)
declare
    v_from date := p_until - interval '3 years';
    v_start timestamptz := clock_timestamp();
    v_lines bigint;
    v_table regclass;
begin
    if p_customers is null or p_orders is null or p_seed is null or p_until is null
        or p_customers not between 1 and 20000000 or p_orders not between 0 and 100000000
        or p_until not between date '1990-01-01' and date '2100-01-01'
    then
        raise exception using errcode = 'EM211', message = 'a shop cannot be made from these numbers',
            hint = '1 to 20,000,000 customers, 0 to 100,000,000 orders, a day from 1990 to 2100';
    end if;
    if (select value from ops.setting where name = 'shop.currency') is distinct from 'EUR' then
        raise exception using errcode = 'EM211', message = 'sample prices are in EUR, the shop''s currency is another',
            hint = 'ops.setting shop.currency';
    end if;
    lock table shop.suppliers, shop.products, shop.customers, shop.customer_member, shop.orders, shop.order_items, shop.order_status_history,
        shop.price_history, shop.product_retirement, shop.stock_movement, shop.product_reviews in access exclusive mode;
    lock table shop.currency_rate in share row exclusive mode;
    if exists (select from shop.orders) or exists (select from shop.customers) or exists (select from shop.products)
        or exists (select from shop.suppliers)
    then
        raise exception using errcode = 'EM210', message = 'the shop is not empty',
            hint = 'sample data is made in an empty shop only: use another database, for example emporium up with another EMPORIUM_HOME';
    end if;
    perform sample.clear_drafts();
    perform sample.set_aside();

    perform sample.draft_calendar(p_orders, p_seed, v_from, p_until);
    perform sample.draft_customers(p_customers, p_seed, v_from, p_until);
    perform sample.draft_products(p_orders, p_seed);
    part := 'drafts of customers and products';
    rows := p_customers + (select count(*) from sample.product);
    seconds := sample.seconds_since(v_start);
    return next;
    v_start := clock_timestamp();
    perform sample.draft_purchases(p_seed, p_until);
    part := 'drafts of orders';
    rows := p_orders;
    seconds := sample.seconds_since(v_start);
    return next;

    v_start := clock_timestamp();
    v_lines := sample.store_items(p_seed);
    part := 'order lines';
    rows := v_lines;
    seconds := sample.seconds_since(v_start);
    return next;
    v_start := clock_timestamp();
    perform sample.store_orders();
    rows := (select count(*) from shop.orders) + (select count(*) from shop.order_status_history);
    part := 'orders and their history';
    seconds := sample.seconds_since(v_start);
    return next;
    v_start := clock_timestamp();
    perform sample.store_products(p_seed, v_from, p_until);
    perform sample.store_customers(p_seed, p_until);
    perform sample.store_reviews(p_seed, p_until);
    part := 'products, stock, customers, reviews';
    rows := (select count(*) from shop.products) + (select count(*) from shop.stock_movement) + (select count(*) from shop.price_history)
        + (select count(*) from shop.customers) + (select count(*) from shop.customer_member) * 2 + (select count(*) from shop.product_reviews);
    seconds := sample.seconds_since(v_start);
    return next;

    v_start := clock_timestamp();
    perform sample.restart_identities();
    for v_table in select sample.filled_tables() loop
        execute format('analyze %s', v_table);
    end loop;
    perform sample.put_back();
    part := 'keys, indexes, foreign keys, statistics';
    rows := 0;
    seconds := sample.seconds_since(v_start);
    return next;

    v_start := clock_timestamp();
    if exists (select from shop.order_fault) or exists (select from shop.stock_fault) or exists (select from sample.review_fault) then
        raise exception using errcode = 'EM212', message = 'what was made breaks a rule of the shop',
            detail = format('orders %s, stock %s, reviews %s', (select count(*) from shop.order_fault), (select count(*) from shop.stock_fault),
                (select count(*) from sample.review_fault)),
            hint = 'nothing was kept; this is a mistake in sample.generate()';
    end if;
    part := 'checks across rows';
    seconds := sample.seconds_since(v_start);
    return next;

    -- What the lines cost at least: the same rows into a table of the same shape that checks nothing.
    v_start := clock_timestamp();
    execute format('create table %I.%I (like shop.order_items)', 'sample', 'bare');
    execute format('insert into %I.%I select * from shop.order_items', 'sample', 'bare');
    execute format('drop table %I.%I', 'sample', 'bare');
    part := 'bare';
    rows := v_lines;
    seconds := sample.seconds_since(v_start);
    return next;
    perform sample.clear_drafts();
end
$$;

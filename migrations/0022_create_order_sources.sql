-- Order systems of others: where they are, what they sent as it was understood, what became of it in the shop, and what is
-- wrong with it.
create schema quality;
comment on schema quality is 'what is wrong with data that was taken all the same';

create table shop.source (
    source text constraint source_pkey primary key
        constraint source_source_check check (source like '_%' and length(source) <= 40
            and translate(source, 'abcdefghijklmnopqrstuvwxyz0123456789_', '') = '' and source !~ '^[0-9_]'),
    currency text not null constraint source_currency_fkey references shop.currency on delete restrict,
    time_zone text not null,
    supplier_id bigint not null constraint source_supplier_id_fkey references shop.suppliers on delete restrict,
    foreign_schema name constraint source_foreign_schema_check check (foreign_schema = 'source_' || source),
    added_at timestamptz not null default now(),
    assembled_at timestamptz
);
create index source_supplier_id_idx on shop.source (supplier_id);
comment on table shop.source is 'order systems whose customers, products and orders are taken into the shop';
comment on column shop.source.currency is 'of its amounts; a foreign key without an index: currencies are never deleted';
comment on column shop.source.time_zone is 'IANA name: where its times without an offset are meant';
comment on column shop.source.supplier_id is 'who its products are booked under: it names no suppliers';
comment on column shop.source.foreign_schema is 'schema of the foreign tables that it is read by; null where it sends files alone';
comment on column shop.source.assembled_at is 'when shop.assemble_source() last began: batches promoted since may not be in the shop yet';

-- Ids of what sources send, in the order it is taken. Far from those that the shop's own systems give, which send theirs with
-- their records: one number must not come to stand for two customers.
create sequence shop.source_id_seq as bigint start 1000000001 minvalue 1000000001;

-- Every record that was accepted, once a version: where it came from, and the proof that none is lost or doubled.
create table shop.source_version (
    batch_id bigint not null,
    position bigint not null,
    line bigint,
    feed text not null,
    source text not null,
    source_key text not null,
    digest uuid not null,
    constraint source_version_pkey primary key (batch_id, position)
);
create index source_version_source_idx on shop.source_version (source, feed, source_key);
comment on table shop.source_version is 'records of order systems that were accepted: a row for each version of a record that was new';
comment on column shop.source_version.source is 'of shop.source; without a foreign key, whose check costs 10 us a row: shop.store_source() alone writes here';
comment on column shop.source_version.source_key is 'the record''s key in its system; order and line of a detail, joined by a slash';
comment on column shop.source_version.digest is 'MD5 of the values as they were sent: a record that comes again unchanged is a duplicate';

-- The newest version of each record, with its values as they were understood.
create table shop.source_customers (
    source text not null constraint source_customers_source_fkey references shop.source on delete restrict,
    source_key text not null,
    digest uuid not null,
    batch_id bigint not null,
    position bigint not null,
    first_name text,
    last_name text not null,
    email text,
    phone_number text,
    address text,
    city text,
    postal_code text,
    country text,
    registered_on date,
    unused jsonb,
    customer_id bigint,
    assembled uuid,
    constraint source_customers_pkey primary key (source, source_key),
    constraint source_customers_customer_id_key unique (customer_id)
);
comment on table shop.source_customers is 'customers as order systems know them; personal data';
comment on column shop.source_customers.unused is 'values that were sent and cannot be used, as they were sent, by the feed''s column; null for none';
comment on column shop.source_customers.customer_id is 'who it is in shop.customers; null until then';
comment on column shop.source_customers.assembled is 'digest of the version that the shop has; null until then';

create table shop.source_employees (
    source text not null constraint source_employees_source_fkey references shop.source on delete restrict,
    source_key text not null,
    digest uuid not null,
    batch_id bigint not null,
    position bigint not null,
    first_name text,
    last_name text not null,
    title text,
    reports_to text,
    hired_on date,
    unused jsonb,
    constraint source_employees_pkey primary key (source, source_key)
);
comment on table shop.source_employees is 'who took orders in order systems: the shop itself has no employees; personal data';
comment on column shop.source_employees.reports_to is 'key of another employee of the same source; may be one that is not there';

create table shop.source_products (
    source text not null constraint source_products_source_fkey references shop.source on delete restrict,
    source_key text not null,
    digest uuid not null,
    batch_id bigint not null,
    position bigint not null,
    name text not null,
    category text not null,
    price shop.amount not null,
    cost shop.amount,
    units_in_stock integer not null,
    discontinued boolean not null,
    unused jsonb,
    product_id bigint,
    assembled uuid,
    constraint source_products_pkey primary key (source, source_key),
    constraint source_products_product_id_key unique (product_id)
);
comment on table shop.source_products is 'products as order systems know them';
comment on column shop.source_products.price is 'in the source''s currency';
comment on column shop.source_products.units_in_stock is 'pieces, after all orders of the source';
comment on column shop.source_products.discontinued is 'no longer sold';
comment on column shop.source_products.assembled is 'digest of the version that the shop has; null until then';
comment on column shop.source_products.product_id is 'what it is in shop.products; null until then';

create table shop.source_orders (
    source text not null,
    source_key text not null,
    digest uuid not null,
    batch_id bigint not null,
    position bigint not null,
    customer_key text not null,
    employee_key text,
    ordered_at timestamptz not null,
    ordered_on date not null,
    has_time boolean not null,
    paid_at timestamptz,
    paid_on date,
    shipped_at timestamptz,
    shipped_on date,
    status shop.order_status not null,
    payment_method text,
    unused jsonb,
    order_id bigint,
    assembled uuid,
    constraint source_orders_pkey primary key (source, source_key),
    constraint source_orders_order_id_key unique (order_id)
);
comment on table shop.source_orders is 'orders as order systems know them';
comment on column shop.source_orders.source is 'of shop.source; without a foreign key, see shop.source_version';
comment on column shop.source_orders.ordered_at is 'midnight by UTC where only the day is known';
comment on column shop.source_orders.ordered_on is 'the day as it was sent, of the source''s time zone';
comment on column shop.source_orders.has_time is 'false: only the day is known';
comment on column shop.source_orders.paid_at is 'null where only the day is known, or nothing';
comment on column shop.source_orders.shipped_at is 'null where only the day is known, or nothing';
comment on column shop.source_orders.assembled is 'digest of the versions of the order and its lines that the shop has, see shop.source_order_state; null until then';
comment on column shop.source_orders.order_id is
    'what it is in shop.orders; null until then. Stays when the order goes, so that a later load does not bring it back';

create table shop.source_order_details (
    source text not null,
    source_key text not null,
    digest uuid not null,
    batch_id bigint not null,
    position bigint not null,
    order_key text not null,
    line_no integer not null,
    product_key text not null,
    quantity integer not null,
    unit_price shop.amount not null,
    discount shop.amount not null,
    constraint source_order_details_pkey primary key (source, source_key)
);
create index source_order_details_order_key_idx on shop.source_order_details (source, order_key);
comment on table shop.source_order_details is 'lines of orders as order systems know them; a product may stand in several lines of an order';
comment on column shop.source_order_details.source is 'of shop.source; without a foreign key, see shop.source_version';
comment on column shop.source_order_details.discount is 'off the whole line, in the source''s currency';

create table shop.order_without_time (
    order_id bigint constraint order_without_time_pkey primary key
        constraint order_without_time_order_id_fkey references shop.orders on delete cascade
);
comment on table shop.order_without_time is 'orders of which only the day is known: their order_date is midnight by UTC of that day';

-- Findings.
create table quality.finding (
    finding_id bigint generated always as identity constraint finding_pkey primary key,
    feed text not null,
    code text not null,
    source text not null constraint finding_source_fkey references shop.source on delete restrict,
    record text not null,
    found_run bigint not null constraint finding_found_run_fkey references ops.run on delete restrict,
    found_at timestamptz not null default clock_timestamp(),
    resolved_run bigint constraint finding_resolved_run_fkey references ops.run on delete restrict,
    resolved_at timestamptz,
    constraint finding_rule_fkey foreign key (feed, code) references ops.rule on delete restrict,
    constraint finding_resolved_check check ((resolved_run is null) = (resolved_at is null))
);
create unique index finding_open_key on quality.finding (source, code, record) where resolved_at is null;
create index finding_rule_idx on quality.finding (feed, code);
create index finding_found_run_idx on quality.finding (found_run);
create index finding_resolved_run_idx on quality.finding (resolved_run);
comment on table quality.finding is 'what is wrong with records that were taken: open until a later load finds it mended. Names records by their keys, never by values';
create type quality.found as (feed text, code text, record text);
comment on type quality.found is 'a finding as quality.settle_findings() is told of it';
comment on column quality.finding.record is 'the record in its system: order 4711, or order 4711 line 3';
comment on column quality.finding.resolved_at is 'when it was no longer so; null while it is';

-- Landing.
alter table ops.source_file add column source text not null default '';
comment on column ops.source_file.source is 'the order system that sent it; empty for feeds that have none';
alter table ops.source_file drop constraint source_file_feed_sha256_key;
alter table ops.source_file add constraint source_file_feed_source_sha256_key unique (feed, source, sha256);
drop function if exists ops.register_file(text, text, text, bigint, text, text);

alter table ops.feed add column complete_function text;
comment on column ops.feed.complete_function is
    'schema.name of a function (source text, run bigint) returning jsonb, called when a run has promoted all it landed; null for none';

create table ops.snapshot (
    snapshot_id bigint generated always as identity constraint snapshot_pkey primary key,
    source text not null constraint snapshot_source_fkey references shop.source on delete restrict,
    feed text not null constraint snapshot_feed_fkey references ops.feed on delete restrict,
    run_id bigint not null constraint snapshot_run_id_fkey references ops.run on delete restrict,
    taken_at timestamptz not null default clock_timestamp(),
    read bigint not null constraint snapshot_read_check check (read >= 0),
    unchanged bigint not null constraint snapshot_unchanged_check check (unchanged >= 0),
    landed bigint not null constraint snapshot_landed_check check (landed >= 0),
    constraint snapshot_balance_check check (read = unchanged + landed)
);
create index snapshot_source_idx on ops.snapshot (source, feed, snapshot_id);
create index snapshot_feed_idx on ops.snapshot (feed);
create index snapshot_run_id_idx on ops.snapshot (run_id);
comment on table ops.snapshot is 'one reading of one table of a source database: read = unchanged + landed';
comment on column ops.snapshot.unchanged is 'rows that are known as they are, and were not landed again';

create table ops.snapshot_batch (
    batch_id bigint constraint snapshot_batch_pkey primary key
        constraint snapshot_batch_batch_id_fkey references ops.batch on delete restrict,
    snapshot_id bigint not null constraint snapshot_batch_snapshot_id_fkey references ops.snapshot on delete restrict
);
create index snapshot_batch_snapshot_id_idx on ops.snapshot_batch (snapshot_id);
comment on table ops.snapshot_batch is 'which snapshot a batch was landed from';

do $$
declare
    v_name text;
    v_slot integer;
begin
    foreach v_name in array '{source_customers,source_employees,source_products,source_orders,source_order_details}'::text[] loop
        execute format('create table staging.%I (like staging.membership_application including defaults including constraints including comments)
            partition by list (slot)', v_name);
        execute format('comment on table staging.%I is %L', v_name,
            format('records of the feed %s as landed; personal data; emptied by rotation', replace(v_name, 'source_', 'source.')));
        for v_slot in 0..2 loop
            execute format('create table staging.%I (like staging.%I including all)', v_name || '_' || v_slot, v_name);
            execute format('alter table staging.%I attach partition staging.%I for values in (%s)', v_name, v_name || '_' || v_slot, v_slot);
        end loop;
        execute format('create index %I on staging.%I using brin (batch_id) with (pages_per_range = 16)', v_name || '_batch_id_idx', v_name);
    end loop;
end
$$;

insert into ops.feed (feed, staging_table, promote_function, stored_table, columns, commutes, complete_function) values
    ('source.customers', 'source_customers', 'shop.promote_source', 'shop.source_version',
     '{customer_id,first_name,last_name,email,phone,address,city,postal_code,country,registered_on}', false, 'shop.assemble_source'),
    ('source.employees', 'source_employees', 'shop.promote_source', 'shop.source_version',
     '{employee_id,first_name,last_name,title,reports_to,hired_on}', false, 'shop.assemble_source'),
    ('source.products', 'source_products', 'shop.promote_source', 'shop.source_version',
     '{product_id,name,category,price,cost,units_in_stock,discontinued}', false, 'shop.assemble_source'),
    ('source.orders', 'source_orders', 'shop.promote_source', 'shop.source_version',
     '{order_id,customer_id,employee_id,order_date,paid_date,shipped_date,status,payment_method}', false, 'shop.assemble_source'),
    ('source.order_details', 'source_order_details', 'shop.promote_source', 'shop.source_version',
     '{order_id,line_no,product_id,quantity,unit_price,discount}', false, 'shop.assemble_source');

insert into ops.setting (name, value, meaning) values
    ('sources.earliest', '1970-01-01', 'days in records of order systems before this one are refused, a date');

insert into ops.rule (feed, code, severity, reason, remedy) values
    ('*', 'unchanged_record', 'info', 'the record has come before as it is', 'none: nothing is lost'),
    ('source.customers', 'customer_id_missing', 'error', 'the customer_id is missing', 'mend it at the source'),
    ('source.customers', 'customer_id_malformed', 'error', 'the customer_id has more than 100 characters, or control characters', 'mend it at the source'),
    ('source.customers', 'last_name_missing', 'error', 'the last name is missing', 'mend it at the source'),
    ('source.customers', 'last_name_too_long', 'error', 'the last name has more than 200 characters', 'shorten it'),
    ('source.customers', 'last_name_characters', 'error', 'the last name holds control characters', 'remove them'),
    ('source.customers', 'first_name_unusable', 'warning', 'the first name cannot be used: the record was taken without it', 'at most 200 characters, none of them control characters'),
    ('source.customers', 'email_unusable', 'warning', 'the e-mail cannot be used: the record was taken without it', 'send local@domain.tld'),
    ('source.customers', 'phone_unusable', 'warning', 'the telephone number cannot be used: the record was taken without it', 'send E.164: + and country code, 7 to 15 digits'),
    ('source.customers', 'address_unusable', 'warning', 'the address cannot be used: the record was taken without it', 'at most 300 characters, none of them control characters'),
    ('source.customers', 'city_unusable', 'warning', 'the city cannot be used: the record was taken without it', 'at most 200 characters, none of them control characters'),
    ('source.customers', 'postal_code_unusable', 'warning', 'the postal code cannot be used: the record was taken without it', 'at most 32 characters, none of them control characters'),
    ('source.customers', 'country_unusable', 'warning', 'the country cannot be used: the record was taken without it', 'send ISO 3166-1 alpha-2; names that are understood are in shop.country_alias'),
    ('source.customers', 'registered_on_unusable', 'warning', 'the registered_on cannot be used: the record was taken without it', 'send a day YYYY-MM-DD that has been'),
    ('source.employees', 'employee_id_missing', 'error', 'the employee_id is missing', 'mend it at the source'),
    ('source.employees', 'employee_id_malformed', 'error', 'the employee_id has more than 100 characters, or control characters', 'mend it at the source'),
    ('source.employees', 'last_name_missing', 'error', 'the last name is missing', 'mend it at the source'),
    ('source.employees', 'last_name_too_long', 'error', 'the last name has more than 200 characters', 'shorten it'),
    ('source.employees', 'last_name_characters', 'error', 'the last name holds control characters', 'remove them'),
    ('source.employees', 'first_name_unusable', 'warning', 'the first name cannot be used: the record was taken without it', 'at most 200 characters, none of them control characters'),
    ('source.employees', 'title_unusable', 'warning', 'the title cannot be used: the record was taken without it', 'at most 200 characters, none of them control characters'),
    ('source.employees', 'reports_to_unusable', 'warning', 'the key of whom the employee reports to cannot be used: the record was taken without it', 'at most 100 characters, none of them control characters'),
    ('source.employees', 'hired_on_unusable', 'warning', 'the hired_on cannot be used: the record was taken without it', 'send a day YYYY-MM-DD that has been'),
    ('source.products', 'product_id_missing', 'error', 'the product_id is missing', 'mend it at the source'),
    ('source.products', 'product_id_malformed', 'error', 'the product_id has more than 100 characters, or control characters', 'mend it at the source'),
    ('source.products', 'name_missing', 'error', 'the name is missing', 'mend it at the source'),
    ('source.products', 'name_too_long', 'error', 'the name has more than 200 characters', 'shorten it'),
    ('source.products', 'name_characters', 'error', 'the name holds control characters', 'remove them'),
    ('source.products', 'category_missing', 'error', 'the category is missing', 'mend it at the source'),
    ('source.products', 'category_too_long', 'error', 'the category has more than 200 characters', 'shorten it'),
    ('source.products', 'category_characters', 'error', 'the category holds control characters', 'remove them'),
    ('source.products', 'price_missing', 'error', 'the price is missing', 'mend it at the source'),
    ('source.products', 'price_malformed', 'error', 'the price is not a plain decimal number', 'send 12.50: a point, no exponent, no thousands separator, no currency'),
    ('source.products', 'price_negative', 'error', 'the price is negative', 'mend it at the source'),
    ('source.products', 'price_out_of_range', 'error', 'the price is not below 1,000,000,000,000', 'mend it at the source'),
    ('source.products', 'price_too_fine', 'error', 'the price has more decimals than four', 'round it at the source'),
    ('source.products', 'cost_unusable', 'warning', 'the cost cannot be used: the record was taken without it', 'send a plain decimal number, 0 or more'),
    ('source.products', 'units_in_stock_unusable', 'warning', 'the stock cannot be used: the record was taken without it', 'send whole pieces, 0 to 1000000000; a stock below zero is taken as 0'),
    ('source.products', 'discontinued_unusable', 'warning', 'the discontinued cannot be used: the record was taken without it', 'send 0 or 1'),
    ('source.orders', 'order_id_missing', 'error', 'the order_id is missing', 'mend it at the source'),
    ('source.orders', 'order_id_malformed', 'error', 'the order_id has more than 100 characters, or control characters', 'mend it at the source'),
    ('source.orders', 'customer_id_missing', 'error', 'the customer_id is missing', 'mend it at the source'),
    ('source.orders', 'customer_id_malformed', 'error', 'the customer_id has more than 100 characters, or control characters', 'mend it at the source'),
    ('source.orders', 'order_date_missing', 'error', 'the order_date is missing', 'mend it at the source'),
    ('source.orders', 'order_date_malformed', 'error', 'the order_date is no day and no time', 'send YYYY-MM-DD, YYYY-MM-DD HH:MM:SS in the time zone of the source, or ISO 8601 with an offset'),
    ('source.orders', 'order_date_in_future', 'error', 'the order_date lies more than a day after the record came', 'mend it at the source'),
    ('source.orders', 'order_date_too_old', 'error', 'the order_date is too long ago', 'see ops.setting sources.earliest'),
    ('source.orders', 'paid_date_malformed', 'error', 'the paid_date is no day and no time', 'send YYYY-MM-DD, YYYY-MM-DD HH:MM:SS in the time zone of the source, or ISO 8601 with an offset; nothing where there is none'),
    ('source.orders', 'paid_date_in_future', 'error', 'the paid_date lies more than a day after the record came', 'mend it at the source'),
    ('source.orders', 'paid_date_too_old', 'error', 'the paid_date is too long ago', 'see ops.setting sources.earliest'),
    ('source.orders', 'shipped_date_malformed', 'error', 'the shipped_date is no day and no time', 'send YYYY-MM-DD, YYYY-MM-DD HH:MM:SS in the time zone of the source, or ISO 8601 with an offset; nothing where there is none'),
    ('source.orders', 'shipped_date_in_future', 'error', 'the shipped_date lies more than a day after the record came', 'mend it at the source'),
    ('source.orders', 'shipped_date_too_old', 'error', 'the shipped_date is too long ago', 'see ops.setting sources.earliest'),
    ('source.orders', 'status_missing', 'error', 'the status is missing', 'mend it at the source'),
    ('source.orders', 'status_unknown', 'error', 'the status is not known', 'send new or pending, paid, shipped, delivered, returned, cancelled or canceled'),
    ('source.orders', 'employee_id_unusable', 'warning', 'the employee_id cannot be used: the record was taken without it', 'at most 100 characters, none of them control characters'),
    ('source.orders', 'payment_method_unusable', 'warning', 'the payment method cannot be used: the record was taken without it', 'send card, paypal, bank_transfer, invoice, wallet or cash_on_delivery'),
    ('source.orders', 'order_without_lines', 'warning', 'no line of the order has come: it is not in the shop', 'load the order details; or mend it at the source'),
    ('source.orders', 'order_without_customer', 'warning', 'the customer of the order has not come: it is not in the shop', 'load the customers; look for rejects of theirs'),
    ('source.orders', 'paid_before_placed', 'warning', 'the order was paid before it was placed', 'mend a date at the source: the order is in the shop with both'),
    ('source.orders', 'shipped_before_placed', 'warning', 'the order was shipped before it was placed', 'mend a date at the source: the order is in the shop with both'),
    ('source.orders', 'product_twice', 'warning', 'a product stands in several lines of the order: the shop has one of the same total', 'none, or join the lines at the source'),
    ('source.orders', 'order_changed', 'warning', 'the order has come with a change that the shop does not allow: it stays there as it was', 'see shop.order_status_transition; an order keeps its customer'),
    ('source.orders', 'order_too_large', 'warning', 'the order has more than 1,000,000 pieces of a product, or a total of 1,000,000,000,000 or more: it is not in the shop', 'mend it at the source'),
    ('source.orders', 'order_refused', 'warning', 'a constraint of the shop refused the order: it is not in the shop', 'see the log of the server for the constraint'),
    ('source.order_details', 'order_id_missing', 'error', 'the order_id is missing', 'mend it at the source'),
    ('source.order_details', 'order_id_malformed', 'error', 'the order_id has more than 100 characters, or control characters', 'mend it at the source'),
    ('source.order_details', 'product_id_missing', 'error', 'the product_id is missing', 'mend it at the source'),
    ('source.order_details', 'product_id_malformed', 'error', 'the product_id has more than 100 characters, or control characters', 'mend it at the source'),
    ('source.order_details', 'line_no_missing', 'error', 'the line_no is missing', 'mend it at the source'),
    ('source.order_details', 'line_no_malformed', 'error', 'the line_no is not a whole number from 0 to 999999999', 'send digits alone'),
    ('source.order_details', 'quantity_missing', 'error', 'the quantity is missing', 'mend it at the source'),
    ('source.order_details', 'quantity_malformed', 'error', 'the quantity is not a whole number', 'send digits alone'),
    ('source.order_details', 'quantity_negative', 'error', 'the quantity is negative', 'a return is no line: send the status of the order'),
    ('source.order_details', 'quantity_zero', 'error', 'the quantity is 0', 'leave the line out'),
    ('source.order_details', 'quantity_out_of_range', 'error', 'the quantity is above 1,000,000', 'mend it at the source'),
    ('source.order_details', 'unit_price_missing', 'error', 'the unit price is missing', 'mend it at the source'),
    ('source.order_details', 'unit_price_malformed', 'error', 'the unit price is not a plain decimal number', 'send 12.50: a point, no exponent, no thousands separator, no currency'),
    ('source.order_details', 'unit_price_negative', 'error', 'the unit price is negative', 'mend it at the source'),
    ('source.order_details', 'unit_price_out_of_range', 'error', 'the unit price is not below 1,000,000,000,000', 'mend it at the source'),
    ('source.order_details', 'unit_price_too_fine', 'error', 'the unit price has more decimals than the currency of its source has', 'round it at the source'),
    ('source.order_details', 'discount_malformed', 'error', 'the discount is not a plain decimal number', 'send 12.50: a point, no exponent, no thousands separator, no currency'),
    ('source.order_details', 'discount_negative', 'error', 'the discount is negative', 'mend it at the source'),
    ('source.order_details', 'discount_out_of_range', 'error', 'the discount is not below 1,000,000,000,000', 'mend it at the source'),
    ('source.order_details', 'discount_too_fine', 'error', 'the discount has more decimals than the currency of its source has', 'round it at the source'),
    ('source.order_details', 'discount_above_total', 'error', 'the discount is more than the line comes to', 'send what is off the whole line, in the currency of the source'),
    ('source.order_details', 'line_total_out_of_range', 'error', 'the line comes to 1,000,000,000,000 or more', 'mend it at the source'),
    ('source.order_details', 'line_without_order', 'warning', 'the order of the line has not come', 'load the orders; look for rejects of theirs'),
    ('source.order_details', 'line_without_product', 'warning', 'the product of the line has not come: its order is not in the shop, or without the line', 'load the products; look for rejects of theirs'),
    ('source.customers', 'feed_missing', 'warning', 'no customer has come, and orders wait for them', 'load the customers; look for rejects of theirs'),
    ('source.products', 'feed_missing', 'warning', 'no product has come, and lines wait for them', 'load the products; look for rejects of theirs'),
    ('source.orders', 'feed_missing', 'warning', 'no order has come, and lines wait for them', 'load the orders; look for rejects of theirs'),
    ('source.order_details', 'feed_missing', 'warning', 'no line has come, and orders wait for them', 'load the order details; look for rejects of theirs'),
    ('source.customers', 'gone_from_source', 'warning', 'the record is no longer at its source', 'none: what was known of it stays'),
    ('source.employees', 'gone_from_source', 'warning', 'the record is no longer at its source', 'none: what was known of it stays'),
    ('source.products', 'gone_from_source', 'warning', 'the record is no longer at its source', 'none: what was known of it stays'),
    ('source.orders', 'gone_from_source', 'warning', 'the record is no longer at its source', 'none: what was known of it stays'),
    ('source.order_details', 'gone_from_source', 'warning', 'the record is no longer at its source', 'none: what was known of it stays');

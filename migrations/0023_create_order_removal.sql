-- Duplicate orders that were removed, with all that puts them back.
create table shop.order_removal (
    removal_id bigint generated always as identity constraint order_removal_pkey primary key,
    scope text not null constraint order_removal_scope_check check (scope in ('latest date of each customer', 'all')),
    same text not null constraint order_removal_same_check check (same in ('day', 'content')),
    orders bigint not null constraint order_removal_orders_check check (orders > 0),
    lines bigint not null constraint order_removal_lines_check check (lines > 0),
    pieces bigint not null constraint order_removal_pieces_check check (pieces >= 0),
    amounts jsonb not null constraint order_removal_amounts_check check (jsonb_typeof(amounts) = 'object'),
    removed_at timestamptz not null default clock_timestamp(),
    removed_by name not null default session_user,
    restored_at timestamptz,
    restored_by name,
    constraint order_removal_restored_check check ((restored_at is null) = (restored_by is null))
);
comment on table shop.order_removal is 'calls of shop.remove_duplicate_orders() that have removed orders, and what became of it';
comment on column shop.order_removal.scope is 'which days were looked at';
comment on column shop.order_removal.same is 'day: one order a customer and day is enough; content: those with the lines of another one went';
comment on column shop.order_removal.pieces is 'that went back to stock; those of returned orders were there already';
comment on column shop.order_removal.amounts is 'total of the removed orders by currency: {"EUR": 12.50}';
comment on column shop.order_removal.restored_at is 'when shop.restore_orders() has put all of it back; null while it is removed';

-- Columns as in the tables that the rows are from, so that they go back as they were.
create table shop.order_removal_order (
    removal_id bigint not null constraint order_removal_order_removal_id_fkey references shop.order_removal on delete restrict,
    order_id bigint not null,
    kept_order_id bigint not null,
    customer_id bigint not null constraint order_removal_order_customer_id_fkey references shop.customers on delete restrict,
    order_date timestamptz not null,
    total_amount shop.amount not null,
    status shop.order_status not null,
    shipping_address text,
    payment_method text,
    currency text not null constraint order_removal_order_currency_fkey references shop.currency on delete restrict,
    without_time boolean not null,
    constraint order_removal_order_pkey primary key (removal_id, order_id)
);
create index order_removal_order_customer_id_idx on shop.order_removal_order (customer_id);
comment on table shop.order_removal_order is 'orders that are removed now; they move back when they are restored';
comment on column shop.order_removal_order.kept_order_id is 'of which it was a duplicate; no foreign key: that one may be removed later, too';
comment on column shop.order_removal_order.currency is 'ISO 4217; a foreign key without an index: currencies are never deleted';
comment on column shop.order_removal_order.without_time is 'whether it was in shop.order_without_time';

create table shop.order_removal_line (
    removal_id bigint not null,
    order_id bigint not null,
    product_id bigint not null constraint order_removal_line_product_id_fkey references shop.products on delete restrict,
    quantity integer not null,
    unit_price shop.amount not null,
    discount_amount shop.amount not null,
    total_price shop.amount not null,
    constraint order_removal_line_pkey primary key (removal_id, order_id, product_id),
    constraint order_removal_line_order_id_fkey foreign key (removal_id, order_id) references shop.order_removal_order on delete cascade
);
create index order_removal_line_product_id_idx on shop.order_removal_line (product_id);
comment on table shop.order_removal_line is 'lines of orders that are removed now';

create table shop.order_removal_status (
    removal_id bigint not null,
    order_id bigint not null,
    status shop.order_status not null,
    changed_at timestamptz not null,
    changed_by name not null,
    constraint order_removal_status_pkey primary key (removal_id, order_id, status),
    constraint order_removal_status_order_id_fkey foreign key (removal_id, order_id) references shop.order_removal_order on delete cascade
);
comment on table shop.order_removal_status is 'status history of orders that are removed now';

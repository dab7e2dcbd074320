-- Lines of orders that were refused: while one is not mended, what is known of its order is not the order.
create table shop.source_refused_lines (
    source text not null,
    source_key text not null,
    order_key text not null,
    batch_id bigint not null,
    position bigint not null,
    constraint source_refused_lines_pkey primary key (source, source_key)
);
comment on table shop.source_refused_lines is
    'lines of orders of order systems whose newest version was rejected: their order is not taken into the shop, and not changed there';
comment on column shop.source_refused_lines.source is 'of shop.source; without a foreign key, see shop.source_version';
comment on column shop.source_refused_lines.source_key is 'order and line, joined by a slash; nothing after it where the number of the line is not known';
comment on column shop.source_refused_lines.batch_id is 'of the record that was rejected last';

insert into ops.rule (feed, code, severity, reason, remedy) values
    ('source.orders', 'line_rejected', 'warning', 'a line of the order was rejected', 'mend the line at the source and load it again; emporium rejects --feed source.order_details has it');

-- How an order was paid: one rule for the table and for those who judge what comes in.
create function shop.payment_method_rule(p_method text) returns text
language sql immutable parallel safe
begin atomic
    select case when p_method in ('card', 'paypal', 'bank_transfer', 'invoice', 'wallet', 'cash_on_delivery') then '' else 'payment_method_unknown' end;
end;
comment on function shop.payment_method_rule(text) is 'a way to pay: a code, or ''''; frozen: a CHECK uses it';
alter table shop.orders drop constraint orders_payment_method_check;
alter table shop.orders add constraint orders_payment_method_check
    check (payment_method is null or shop.payment_method_rule(payment_method) = '') not valid;
alter table shop.orders validate constraint orders_payment_method_check;

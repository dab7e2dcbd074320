create or replace function shop.judged_source_order_details(
    p_values text[], p_zone text, p_decimals integer, p_earliest date, p_latest date
) returns table (
    failures text, order_key text, line_no integer, product_key text, quantity integer, unit_price numeric, discount numeric
)
language sql stable
begin atomic
-- One line of an order, see shop.judged_source_customers().
select
    concat_ws(',', shop.source_key_rule('order_id', t.order_key), shop.source_key_rule('product_id', t.product_key),
        case when t.line_sent is null then 'line_no_missing'
            when not t.line_sent collate "C" ~ '^(0|[1-9][0-9]*)$' or octet_length(t.line_sent) > 9 then 'line_no_malformed'
            else '' end,
        case when t.quantity_sent is null then 'quantity_missing'
            when t.pieces is null then 'quantity_malformed'
            when t.pieces < 0 then 'quantity_negative'
            when t.pieces = 0 then 'quantity_zero'
            when t.pieces > 1000000 then 'quantity_out_of_range'
            else '' end,
        shop.source_amount_rule('unit_price', t.price_sent, p_decimals),
        case when t.discount_sent is null then '' else shop.source_amount_rule('discount', t.discount_sent, p_decimals) end,
        case when t.pieces between 1 and 1000000 and t.unit_price is not null and t.discount is not null then
            case when t.pieces * t.unit_price >= 1000000000000 then 'line_total_out_of_range'
                when t.discount > t.pieces * t.unit_price then 'discount_above_total'
                else '' end
        end),
    t.order_key,
    case when t.line_sent collate "C" ~ '^[0-9]+$' and octet_length(t.line_sent) <= 9 then t.line_sent::integer end,
    t.product_key,
    case when t.pieces between 1 and 1000000 then t.pieces::integer end,
    t.unit_price, t.discount
from (
    select q.*, shop.source_whole(q.quantity_sent) as pieces, shop.source_amount(q.price_sent, p_decimals) as unit_price,
        case when q.discount_sent is null then 0 else shop.source_amount(q.discount_sent, p_decimals) end as discount
    from (
        select staging.bare_text(p_values[1]) as order_key, staging.bare_text(p_values[2]) as line_sent,
            staging.bare_text(p_values[3]) as product_key, staging.bare_text(p_values[4]) as quantity_sent,
            staging.bare_text(p_values[5]) as price_sent, staging.bare_text(p_values[6]) as discount_sent
        offset 0
    ) q
    offset 0
) t;
end;

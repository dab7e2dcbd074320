create or replace function shop.advance_order(p_order_id bigint, p_status shop.order_status) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Completes a transaction, step by step: logistics ships an order that is paid, then delivers it or takes it back.
-- Errors: EM100 the order is unknown, EM101 the step is not logistics' to make
declare
    v_status shop.order_status;
begin
    select status into v_status from shop.orders where order_id = p_order_id for no key update;
    if not found then
        raise exception using errcode = 'EM100', message = format('order %s is unknown', p_order_id),
            hint = 'shop.sales_transaction has the orders there are';
    end if;
    if not exists (
        select from shop.order_status_transition
        where from_status = v_status and to_status = p_status and team = 'logistics')
    then
        raise exception using errcode = 'EM101',
            message = format('order %s cannot go from %s to %s by logistics', p_order_id, v_status, p_status),
            detail = coalesce('logistics may make it: ' || (
                select string_agg(to_status::text, ', ' order by to_status) from shop.order_status_transition
                where from_status = v_status and team = 'logistics'), 'there is no next step for logistics'),
            hint = 'shop.order_status_transition says what may follow';
    end if;
    update shop.orders set status = p_status where order_id = p_order_id;
end
$$;

create or replace function shop.check_orders() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- At commit, for the orders that one statement has touched: an order that is not cancelled has items, its total is their
-- sum, and its amounts have no more decimals than its currency.
-- Errors: 23514 with constraint orders_items_check, orders_total_amount_check or orders_currency_check
declare
    v_fault record;
begin
    perform shop.plan_for(cardinality(new.order_ids));
    select * into v_fault from shop.order_fault where order_id = any (new.order_ids) order by order_id limit 1;
    if found then
        raise exception using errcode = 'check_violation', schema = 'shop', table = 'orders', constraint = v_fault.constraint_name,
            message = case v_fault.constraint_name
                when 'orders_items_check' then format('order %s has no items and is not cancelled', v_fault.order_id)
                when 'orders_total_amount_check' then format('the total of order %s is not the sum of its items', v_fault.order_id)
                else format('order %s has amounts finer than its currency', v_fault.order_id)
            end,
            hint = case v_fault.constraint_name
                when 'orders_items_check' then 'insert the items in the same transaction, or cancel the order'
                when 'orders_total_amount_check' then 'set total_amount in the same transaction as the items'
                else 'see shop.currency.minor_units'
            end;
    end if;
    delete from shop.order_due where due_id = new.due_id;
    return null;
end
$$;

drop trigger if exists t900_check on shop.order_due;
create constraint trigger t900_check after insert on shop.order_due
deferrable initially deferred for each row execute function shop.check_orders();

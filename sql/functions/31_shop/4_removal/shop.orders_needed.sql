create or replace function shop.orders_needed(p_orders bigint[]) returns table (order_id bigint, reason text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- Which of these orders must stay although the others go, and why: a review rests on one, or a table refers to it that is not
-- known here and whose rows would hinder the removal, or go with it and not come back.
-- Errors: EM605 such a table cannot be read
#variable_conflict use_column
declare
    v_reference record;
begin
    -- A review needs one delivered order of the product by the customer: where all of them would go, the first one stays.
    return query
    select d.order_id, format('a review of product %s rests on it', string_agg(d.product_id::text, ', ' order by d.product_id))
    from (
        select min(o.order_id) as order_id, v.product_id
        from shop.product_reviews v
        join shop.orders o on o.customer_id = v.customer_id and o.status in ('delivered', 'returned')
        join shop.order_items i on i.order_id = o.order_id and i.product_id = v.product_id
        where v.customer_id in (select c.customer_id from shop.orders c where c.order_id = any (p_orders))
        group by v.review_id, v.product_id
        having bool_and(o.order_id = any (p_orders))
    ) d
    group by d.order_id;

    for v_reference in
        select c.conrelid, n.nspname, r.relname, a.attname
        from pg_constraint c
        join pg_class r on r.oid = c.conrelid
        join pg_namespace n on n.oid = r.relnamespace
        join pg_attribute t on t.attrelid = c.confrelid and t.attname = 'order_id'
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[array_position(c.confkey, t.attnum)]
        where c.contype = 'f' and c.conparentid = 0 and c.confrelid in ('shop.orders'::regclass, 'shop.order_items'::regclass)
            and c.conrelid not in ('shop.order_items'::regclass, 'shop.order_status_history'::regclass, 'shop.order_without_time'::regclass)
        order by n.nspname, r.relname, a.attname
    loop
        if not has_schema_privilege(v_reference.nspname, 'usage') or not has_table_privilege(v_reference.conrelid, 'select') then
            raise exception using errcode = 'EM605',
                message = format('%I.%I refers to orders and cannot be read', v_reference.nspname, v_reference.relname),
                hint = format('grant usage on schema %I and select on the table to %I, or drop its foreign key', v_reference.nspname, current_user);
        end if;
        return query execute format('select distinct x.%1$I, %2$L::text from %3$I.%4$I x where x.%1$I = any ($1)',
            v_reference.attname, format('%I.%I refers to it', v_reference.nspname, v_reference.relname), v_reference.nspname, v_reference.relname)
        using p_orders;
    end loop;
end
$$;

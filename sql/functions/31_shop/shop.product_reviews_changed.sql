create or replace function shop.product_reviews_changed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = auto as $$
-- Once a statement: a review is by somebody to whom the product was delivered, from an order placed before the review.
-- Errors: 23514 with constraint product_reviews_buyer_check
declare
    v_new record;
    v_review record;
begin
    select array_agg(n.product_id) as products, array_agg(n.customer_id) as customers, array_agg(n.review_date) as dates
    into v_new from new_rows n;
    perform shop.plan_for(cardinality(v_new.products));  -- see there
    select n.product_id, n.customer_id into v_review
    from unnest(v_new.products, v_new.customers, v_new.dates) as n (product_id, customer_id, review_date)
    where not exists (
        select from shop.orders o
        join shop.order_items i on i.order_id = o.order_id and i.product_id = n.product_id
        where o.customer_id = n.customer_id and o.status in ('delivered', 'returned') and o.order_date <= n.review_date)
    order by n.product_id, n.customer_id
    limit 1;
    if found then
        raise exception using errcode = 'check_violation', schema = 'shop', table = 'product_reviews',
            constraint = 'product_reviews_buyer_check',
            message = format('customer %s has not had product %s delivered before the review', v_review.customer_id, v_review.product_id),
            hint = 'a review follows a delivered order of the product';
    end if;
    return null;
end
$$;

create or replace trigger t500_buyer_insert after insert on shop.product_reviews
referencing new table as new_rows for each statement execute function shop.product_reviews_changed();

create or replace trigger t500_buyer_update after update on shop.product_reviews
referencing new table as new_rows for each statement execute function shop.product_reviews_changed();

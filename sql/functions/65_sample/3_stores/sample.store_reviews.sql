create or replace function sample.store_reviews(p_seed bigint, p_until date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_custom_plan as $$
-- Stores what buyers say after they have had a product delivered: about one line in nine, and one review a product and customer.
-- The rating follows the product's quality, and is lower where the order was returned.
-- Reads:  sample.purchase, sample.product, shop.order_items
-- Writes: shop.product_reviews
declare
    v_until timestamptz := p_until;
begin
    insert into shop.product_reviews (review_id, product_id, customer_id, rating, review_text, review_date)
    select row_number() over (order by r.review_date, r.product_id, r.customer_id), r.product_id, r.customer_id, r.rating,
        case when r.hash & 7 > 0 then format(w.texts[1 + sample.pick(r.hash, cardinality(w.texts))], r.noun) end, r.review_date
    from (
        select distinct on (i.product_id, o.customer_id) i.product_id, o.customer_id, p.noun, h.hash,
            greatest(1, least(5, ceil(5 * p.quality * (0.55 + 0.6 * sqrt(sample.uniform(sample.again(h.hash, 1))))
                - case when o.status = 'returned' then 2 else 0 end)))::smallint as rating,
            o.delivered_at + interval '1 second' * (7200 + floor(30 * 86400 * sample.uniform(h.hash) * sample.uniform(sample.again(h.hash, 2)))) as review_date
        from (
            select order_id, product_id, sample.hash(p_seed, order_id * 8 + product_id % 8, 81) as hash
            from shop.order_items
            offset 0
        ) i
        cross join lateral (select i.hash) h (hash)
        join sample.purchase o on o.order_id = i.order_id and o.delivered_at is not null
        join sample.product p on p.product_id = i.product_id
        where (i.hash >> 52) & 511 < 58
        order by i.product_id, o.customer_id, o.delivered_at, o.order_id
    ) r
    join sample.review_words() w on w.rating = r.rating
    where r.review_date < v_until;
end
$$;

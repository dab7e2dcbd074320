-- title:  Products that are bought next
-- params: :limit integer = 20, :min_times integer = 5, :as_of date = null
-- answer: rank, product, name, next_product, next_name, times, expected, support, confidence, lift, note
--
-- Pairs of a product and one in the same customer's next purchase, be it the same product, which happened at least min_times
-- times, the highest lift first; what is bought together is in basket_pairs. A purchase is what a customer ordered on one day (UTC), by
-- as_of (null: the day of the latest order); purchases that another followed are counted. support is the share of these that
-- hold the product and were followed by one with the next, confidence the share of those with the product that were, lift how much
-- more often than by chance (1), and expected how often by chance. Pairs of equal lift (as it is shown) share a rank, and whichever
-- shares the last rank is shown, too. Of many pairs some meet often by chance: the note says so where, if purchases had nothing to do with
-- each other, the probability is above 0.05 that this happens to any pair (an upper bound of the Poisson distribution's tail, times the
-- number of pairs). A member's accounts are one customer. Orders that are cancelled are aside, returned ones count.
\if :{?limit}
\else
    \set limit 20
\endif
\if :{?min_times}
\else
    \set min_times 5
\endif
\if :{?as_of}
\else
    \set as_of ''
\endif
with clock as (
    select coalesce(nullif(:'as_of', '')::date, ((select max(order_date) from analytics.orders) at time zone 'UTC')::date) as today
), account as (
    select customer_id, min(customer_id) over (partition by membership_id) as customer from analytics.customer_member
), placed as (
    select o.order_id, coalesce(a.customer, o.customer_id) as customer, (o.order_date at time zone 'UTC')::date as day
    from analytics.orders o
    left join account a on a.customer_id = o.customer_id
    where o.status <> 'cancelled' and o.order_date < (select (today + 1)::timestamp at time zone 'UTC' from clock)
), purchase as (
    select p.customer, p.day, array_agg(distinct i.product_id) as items
    from placed p
    join analytics.order_items i on i.order_id = p.order_id
    group by p.customer, p.day
), step as materialized (
    select items, following
    from (select items, lead(items) over (partition by customer order by day) as following from purchase) p
    where following is not null
), earlier as (
    select l.product_id, count(*) as times from step s cross join unnest(s.items) as l (product_id) group by l.product_id
), later as (
    select l.product_id, count(*) as times from step s cross join unnest(s.following) as l (product_id) group by l.product_id
), pair as (
    select a.product_id as product, b.product_id as next_product, count(*)::numeric as times
    from step s
    cross join unnest(s.items) as a (product_id)
    cross join unnest(s.following) as b (product_id)
    group by a.product_id, b.product_id
    having count(*) >= :min_times
), measured as (
    select p.*, a.times * b.times / t.steps as expected, p.times / t.steps as support, p.times / a.times as confidence,
        round(p.times * t.steps / (a.times * b.times), 3) as lift
    from pair p
    join earlier a on a.product_id = p.product
    join later b on b.product_id = p.next_product
    cross join (select count(*)::numeric as steps from step) t
), ranked as (
    select m.*, rank() over (order by lift desc) as rank from measured m
)
select r.rank, r.product, x.name, r.next_product, y.name as next_name, r.times::bigint as times, round(r.expected, 2) as expected,
    round(r.support, 6) as support, round(r.confidence, 4) as confidence, r.lift,
    case when not exists (select from step) then 'nobody has bought twice by then'
        when r.rank is null and :limit > 0 then 'no pair has happened so often'
        when r.times <= r.expected or t.pairs * (r.times + 1) / (r.times + 1 - r.expected) / sqrt(2 * pi() * r.times::float8)
            * exp(r.times - r.expected - r.times * ln(r.times / r.expected))::float8 > 0.05 then 'may be chance' end as note
from (select (select count(*) from earlier) * (select count(*) from later) as pairs) t
left join (ranked r
    join analytics.products x on x.product_id = r.product
    join analytics.products y on y.product_id = r.next_product) on r.rank <= :limit
order by r.rank, r.product, r.next_product;

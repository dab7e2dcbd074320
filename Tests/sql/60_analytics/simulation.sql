-- Customers drawn from each model's own process: what next_order says of them is compared with what they then did. Of a model that is
-- right, 80 of 100 next orders of those who are still there lie between p10 and p90, and probabilities are shares.
begin;
\ir ../support.psql
select * from no_plan();
select setseed(0.42);
-- Rates: Gamma of shape 2 and rate 60 days. BG/NBD: leaves after a later purchase with a probability that is Beta(1, 3); Pareto/NBD: after a
-- time whose rate is Gamma of shape 2 and rate 500 days. First purchases in a year, day 0 to 364; day 730 ends what is known.
create function pg_temp.draw(p_model text, p_customers integer, out customer_id bigint, out at double precision) returns setof record
language plpgsql as $$
declare
    v_rate double precision;
    v_leaves double precision;
    v_end double precision;
begin
    for i in 1..p_customers loop
        customer_id := i;
        at := random() * 365;
        v_rate := -(ln(1 - random()) + ln(1 - random())) / 60;
        v_leaves := 1 - (1 - random()) ^ (1.0 / 3);
        v_end := case p_model when 'bg_nbd' then 'Infinity' else at - ln(1 - random()) / (-(ln(1 - random()) + ln(1 - random())) / 500) end;
        loop
            return next;
            exit when at > 730 + 400;
            at := at - ln(1 - random()) / v_rate;
            -- Who leaves between two orders has no next one.
            exit when at >= v_end;
            if p_model = 'bg_nbd' and random() < v_leaves then
                return next;
                exit;
            end if;
        end loop;
    end loop;
end
$$;
create temp table drawn as select m.model, d.* from unnest('{bg_nbd,pareto_nbd}'::text[]) m (model), pg_temp.draw(m.model, 3000) d;
create temp table compared (model text, customer_id bigint, covered boolean, p double precision, ordered boolean, expected double precision, orders bigint, alive double precision);
create function pg_temp.compare(p_model text) returns void
language plpgsql as $$
declare
    v_from constant date := '2023-01-01';
    v_as_of constant date := v_from + 729;
begin
    set local session_replication_role = replica;
    delete from shop.orders;
    delete from shop.customers;
    insert into shop.customers (customer_id, last_name, registration_date) select distinct d.customer_id, 'Customer', timestamptz '2023-01-01 00:00Z' from drawn d where model = p_model;
    insert into shop.orders (customer_id, order_date, total_amount, status, currency)
    select d.customer_id, (v_from::timestamp at time zone 'UTC') + d.at * interval '1 day', 10, 'delivered', 'EUR' from drawn d where d.model = p_model and d.at < 730;
    set local session_replication_role = origin;
    insert into compared
    select p_model, n.customer_id, l.day between n.p10_date and n.p90_date, n.probability_of_order, coalesce(l.day <= v_as_of + 30, false), n.expected_orders, coalesce(l.orders, 0), n.probability_alive
    from analytics.next_order(v_as_of, 30, 180, p_model) n
    left join (
        select d.customer_id, v_from + floor(min(d.at))::integer as day, count(distinct floor(d.at)) filter (where d.at < 730 + 180) as orders
        from drawn d where d.model = p_model and d.at >= 730 group by d.customer_id
    ) l using (customer_id);
end
$$;
do $$ begin perform pg_temp.compare(m) from unnest('{bg_nbd,pareto_nbd}'::text[]) m; end $$;
select is(count(*), 2::bigint, 'both converge') from analytics.model where model in ('bg_nbd', 'pareto_nbd') and converged;
select ok(abs((params ->> 'r')::float8 / 2 - 1) < 0.2 and abs((params ->> 'alpha')::float8 / 60 - 1) < 0.25, model || ' finds the rates') from analytics.model where model in ('bg_nbd', 'pareto_nbd');
select ok(abs((params ->> 'a')::float8 - 1) < 0.2 and abs((params ->> 'b')::float8 / 3 - 1) < 0.2, 'and who leaves') from analytics.model where model = 'bg_nbd';
select ok(count(covered) > 500 and abs(avg(covered::integer) - 0.8) < 0.05, format('%s: of %s next orders %s lie between p10 and p90', model, count(covered), round(avg(covered::integer), 3)))
from compared group by model;
select ok(abs(sum(p) - sum(ordered::integer)) < 3.5 * sqrt(sum(p * (1 - p))), format('%s: %s orders within 30 days, %s customers ordered', model, round(sum(p)), sum(ordered::integer)))
from compared group by model;
select ok(bool_and(abs(said - was) < 3.5 * sqrt(sure) + 1), model || ': and in each fifth') from (
    select model, fifth, sum(p) as said, sum(ordered::integer) as was, sum(p * (1 - p)) as sure
    from (select *, ntile(5) over (partition by model order by p) as fifth from compared) c group by model, fifth) f
group by model;
select ok(abs(sum(expected) / sum(orders) - 1) < 0.06, format('%s: %s orders expected within 180 days, %s came', model, round(sum(expected)), sum(orders))) from compared group by model;
select is((select string_agg(distinct reason, '; ') from analytics.model where model = 'gamma_gamma'), 'a parameter runs away: the data do not tell it', 'values that are all the same have no model');
select * from finish();
rollback;

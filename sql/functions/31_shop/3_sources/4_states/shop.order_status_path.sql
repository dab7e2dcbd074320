create or replace view shop.order_status_path with (security_invoker = true) as
-- Ways from one status to another by steps that shop.order_status_transition allows: the next step of the shortest.
with recursive path as (
    select from_status, to_status, to_status as next_status, 1 as steps from shop.order_status_transition
    union all
    select t.from_status, p.to_status, t.to_status, p.steps + 1
    from shop.order_status_transition t
    join path p on p.from_status = t.to_status
)
select distinct on (from_status, to_status) from_status, to_status, next_status, steps
from path
order by from_status, to_status, steps, next_status;

comment on view shop.order_status_path is 'the next status on the shortest way from one to another; what is not here cannot be reached';

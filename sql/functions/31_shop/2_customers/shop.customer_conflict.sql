create or replace view shop.customer_conflict with (security_invoker = true) as
-- Events of one customer and one time that say different things. The one that came by the greater partition and offset stands.
select customer_id, event_time, count(*) as messages, array_agg(batch_id order by batch_id, position) as batches,
    array_agg(position order by batch_id, position) as positions
from shop.customer_event
group by customer_id, event_time
having count(*) > 1;

comment on view shop.customer_conflict is 'accepted messages of one customer and event time with different content: all are in the ledger, the greatest (partition, offset) stands';

-- title:  Membership: members, their accounts, and what became of applications
-- params:
-- answer: topic, item, number, share
--
-- topic members: all, adults, by version of the policy that judged them, with one account, several or none; share of all
-- members. accounts: customers who are members; share of all customers. applications: by what became of them; share of those
-- received. reasons: applications that were not stored by each reason, of which one may have several; share of those that
-- were not stored. Rejected records are kept for a time (ops.setting staging.reject.retention), the counts of
-- applications for ever.
with member as (
    select m.above_18, m.policy_version, coalesce(a.accounts, 0) as accounts
    from analytics.member m
    left join (
        select membership_id, count(*) as accounts from analytics.customer_member group by membership_id
    ) a on a.membership_id = m.membership_id
), application as (
    select sum(received) as received, sum(stored) as stored, sum(rejected) as rejected, sum(duplicate) as duplicate
    from analytics.batch
    where feed = 'membership.application'
), reject as materialized (
    select r.codes
    from analytics.reject r
    join analytics.batch b on b.batch_id = r.batch_id
    where b.feed = 'membership.application'
), fact (topic, position, item, number, whole) as (
    select 'members', 1, 'all', count(*), count(*) from member
    union all
    select 'members', 2, 'adults', count(*) filter (where above_18), count(*) from member
    union all
    select 'members', 3, 'policy ' || policy_version, count(*), sum(count(*)) over () from member group by policy_version
    union all
    select 'members', 4, 'without account', count(*) filter (where accounts = 0), count(*) from member
    union all
    select 'members', 5, 'with one account', count(*) filter (where accounts = 1), count(*) from member
    union all
    select 'members', 6, 'with several accounts', count(*) filter (where accounts > 1), count(*) from member
    union all
    select 'accounts', 1, 'of members', (select count(*) from analytics.customer_member), count(*) from analytics.customers
    union all
    select 'applications', v.position, v.item, coalesce(v.number, 0), coalesce(a.received, 0)
    from application a
    cross join lateral (values
        (1, 'received', a.received), (2, 'stored', a.stored), (3, 'rejected', a.rejected), (4, 'duplicate', a.duplicate),
        (5, 'pending', a.received - a.stored - a.rejected - a.duplicate)) v (position, item, number)
    union all
    select 'reasons', 1, c.code, count(*), (select count(*) from reject) from reject r cross join unnest(r.codes) as c (code) group by c.code
)
select topic, item, number::bigint as number, round(number / nullif(whole, 0), 4) as share
from fact
order by array_position('{members,accounts,applications,reasons}', topic), position, number desc, item collate "C";

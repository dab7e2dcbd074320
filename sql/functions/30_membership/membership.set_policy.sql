create or replace function membership.set_policy(
    p_note text,
    as_of date default null, adult_rule text default null, email_domains text[] default null,
    mobile_white_space text default null, date_formats text[] default null, earliest_birthday date default null
) returns integer
language sql volatile set search_path = pg_catalog, pg_temp as $$
-- Makes the next policy version, the newest one with what is given here instead; gives its number. It holds for batches
-- promoted from now on; ops.replay() judges earlier rejects by it. For example, the strict list of providers:
--   select membership.set_policy('strict list', email_domains => '{emailprovider.com,emailprovider.net}')
insert into membership.policy (as_of, adult_rule, email_domains, mobile_white_space, date_formats, earliest_birthday, note)
select coalesce(set_policy.as_of, p.as_of), coalesce(set_policy.adult_rule, p.adult_rule),
    coalesce(set_policy.email_domains, p.email_domains),
    coalesce(set_policy.mobile_white_space, p.mobile_white_space), coalesce(set_policy.date_formats, p.date_formats),
    coalesce(set_policy.earliest_birthday, p.earliest_birthday), p_note
from membership.policy p
order by p.version desc
limit 1
returning version
$$;

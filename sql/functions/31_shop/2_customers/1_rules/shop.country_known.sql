create or replace view shop.country_known with (security_invoker = true) as
-- All of shop.country_key in one jsonb: key to 'DE 49 0' (country, calling code, trunk prefix or -). A statement makes it once,
-- where a join would have the planner hash or sort the messages.
select jsonb_object_agg(key, concat_ws(' ', country, calling_code, coalesce(trunk_prefix, '-'))) as by_key
from shop.country_key;

comment on view shop.country_known is 'what countries are called, as one jsonb to look up in: alpha-2, calling code and trunk prefix by folded name';

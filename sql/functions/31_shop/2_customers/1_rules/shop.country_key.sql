create or replace view shop.country_key with (security_invoker = true) as
-- Whatever a country may be called, folded by shop.folded_country(), and what is known of it.
select lower(country) as key, country, calling_code, trunk_prefix from shop.country
union all
select a.alias, c.country, c.calling_code, c.trunk_prefix
from shop.country_alias a
join shop.country c using (country);

comment on view shop.country_key is 'what countries are called (alpha-2, alpha-3, names), folded, and what they are';

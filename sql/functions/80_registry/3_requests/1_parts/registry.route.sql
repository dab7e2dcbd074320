create or replace function registry.route(p_path text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    -- Which resource a path names, subjects and numbers as *; null for none. /subjects/orders/versions/2 is
    -- subjects/*/versions/*.
    select r.route
    from (values
        (''), ('contexts'), ('v1/metadata/id'), ('v1/metadata/version'), ('schemas/types'), ('schemas'), ('schemas/ids/*'),
        ('schemas/ids/*/schema'), ('schemas/ids/*/subjects'), ('schemas/ids/*/versions'), ('subjects'), ('subjects/*'),
        ('subjects/*/versions'), ('subjects/*/versions/*'), ('subjects/*/versions/*/schema'), ('subjects/*/versions/*/referencedby'),
        ('config'), ('config/*'), ('mode'), ('mode/*'),
        ('compatibility/subjects/*/versions'), ('compatibility/subjects/*/versions/*')) as r (route)
    where cardinality(string_to_array(r.route, '/')) = cardinality(p_path)
        and not exists (
            select from unnest(string_to_array(r.route, '/'), p_path) as s (wanted, given)
            where s.given is null or s.wanted <> '*' and s.wanted <> s.given);
$$;

create or replace function ops.qualified(p_name text) returns text
language sql immutable parallel safe
begin atomic
    -- schema.name quoted for SQL text.
    select quote_ident(split_part(p_name, '.', 1)) || '.' || quote_ident(split_part(p_name, '.', 2));
end;

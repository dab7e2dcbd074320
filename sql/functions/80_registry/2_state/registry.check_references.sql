create or replace function registry.check_references(p_references jsonb) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
-- Whether a schema's references are in form: an array of at most 100 of {"name", "subject", "version"}, no name twice.
-- Errors: EM301 they are not
declare
    v_fault text;
begin
    if jsonb_typeof(p_references) is distinct from 'array' then
        v_fault := 'references are no array';
    elsif jsonb_array_length(p_references) > 100 then
        v_fault := format('it has %s references: 100 are the most', jsonb_array_length(p_references));
    else
        select min(format('reference %s is no {"name", "subject", "version"}', position)) into v_fault
        from jsonb_array_elements(p_references) with ordinality as given (reference, position)
        where jsonb_typeof(reference) <> 'object'
            or jsonb_typeof(reference -> 'name') is distinct from 'string' or octet_length(reference ->> 'name') not between 1 and 1024
            or jsonb_typeof(reference -> 'subject') is distinct from 'string' or octet_length(reference ->> 'subject') not between 1 and 255
            or jsonb_typeof(reference -> 'version') is distinct from 'number' or reference ->> 'version' !~ '^(-1|[1-9][0-9]{0,9})$'
            or length(reference ->> 'version') = 10 and reference ->> 'version' > '2147483647';
        if v_fault is null then
            select 'a name stands for two references' into v_fault
            from jsonb_array_elements(p_references) as given (reference)
            group by reference ->> 'name' having count(*) > 1 limit 1;
        end if;
    end if;
    if v_fault is not null then
        raise exception using errcode = 'EM301', message = v_fault, hint = 'see the documents of the registry''s API';
    end if;
end
$$;

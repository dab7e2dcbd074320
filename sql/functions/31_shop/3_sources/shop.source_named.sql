create or replace function shop.source_named(p_source text) returns shop.source
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- An order system by name. Errors: EM500 source is unknown.
declare
    v_source shop.source%rowtype;
begin
    select * into v_source from shop.source where source = p_source;
    if not found then
        raise exception using errcode = 'EM500', message = format('source %s is unknown', p_source),
            hint = coalesce('sources: ' || (select string_agg(source, ', ' order by source) from shop.source),
                'there is none yet: emporium sources add NAME');
    end if;
    return v_source;
end
$$;

create or replace function shop.remove_source(p_source text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Ends what shop.add_source() began, once the source's database is disconnected: one that nothing was taken from goes, with the
-- supplier that it was added with unless somebody has put that to use; gives whether it is gone. Else it stays, as one that sends files.
-- Errors: EM500 source is unknown
declare
    v_supplier bigint;
begin
    perform shop.source_named(p_source);
    update shop.source set foreign_schema = null where source = p_source;
    delete from shop.source s
    where source = p_source
        and not exists (select from shop.source_version v where v.source = s.source)
        and not exists (select from ops.snapshot p where p.source = s.source)
        and not exists (select from ops.source_file f where f.source = s.source)
        and not exists (select from quality.finding f where f.source = s.source)
    returning supplier_id into v_supplier;
    if not found then
        return false;
    end if;
    delete from shop.suppliers u
    where supplier_id = v_supplier and not exists (select from shop.products p where p.supplier_id = u.supplier_id);
    return true;
end
$$;

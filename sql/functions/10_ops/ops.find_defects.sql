create or replace function ops.find_defects(p_batch bigint) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Marks the rows of a landed batch that PostgreSQL cannot read; gives their number.
declare
    v_count bigint;
begin
    execute (
        select format(
            'update staging.%I s set defect = staging.bytes_defect(payload, $2)
             where batch_id = $1 and defect is null and staging.bytes_defect(payload, $2) is not null',
            staging_table)
        from ops.batch join ops.feed using (feed) where batch_id = p_batch)
    using p_batch, (ops.record_format(p_batch)).format;
    get diagnostics v_count = row_count;
    return v_count;
end
$$;

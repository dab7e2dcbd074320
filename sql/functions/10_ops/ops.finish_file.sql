create or replace function ops.finish_file(p_file bigint, p_records bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Marks a file as loaded once all its records are landed. Doing it twice does nothing.
-- Errors: EM020 the file does not stand at its last record
begin
    update ops.source_file set state = 'loaded', finished_at = clock_timestamp()
    where source_file_id = p_file and state = 'loading' and landed_records = p_records;
    if not found and not exists (
        select from ops.source_file where source_file_id = p_file and state = 'loaded' and landed_records = p_records)
    then
        raise exception using errcode = 'EM020', message = format('file %s does not stand at its last record', p_file),
            hint = 'another loader has it; nothing to do';
    end if;
end
$$;

create or replace function ops.start_run(p_pipeline text, p_feed text, p_options jsonb) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Opens a run and gives its number. Errors: EM010 feed is unknown.
declare
    v_run bigint;
begin
    perform ops.feed_named(p_feed);
    insert into ops.run (pipeline, feed, options) values (p_pipeline, p_feed, p_options) returning run_id into v_run;
    return v_run;
end
$$;

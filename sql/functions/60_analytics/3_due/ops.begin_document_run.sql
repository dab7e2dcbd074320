create or replace function ops.begin_document_run(
    p_destination text, p_after bigint, p_as_of date, p_days integer, p_model text, p_digests text[]
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Books that a set of documents is about to be delivered, and gives the run's number: higher than any before, and than p_after, the
-- highest that the store shows (this database may be an older one, restored).
--   p_digests   of the documents, by _id
-- Writes: ops.document_run
-- Errors: EM411 there is no such model
declare
    v_run bigint;
    v_model bigint;
begin
    select max(m.model_id) into v_model from analytics.model m where (m.model, m.as_of) = (p_model, p_as_of) and m.converged;
    if v_model is null then
        raise exception using errcode = 'EM411', message = format('there is no model %s as of %s that converged', p_model, p_as_of),
            hint = 'analytics.due_customers() fits it';
    end if;
    lock table ops.document_run in share row exclusive mode;
    select greatest(coalesce(max(r.run_id), 0), coalesce(p_after, 0)) + 1 into v_run from ops.document_run r;
    insert into ops.document_run (run_id, destination, as_of, days, model, model_id, documents, digest)
    values (v_run, p_destination, p_as_of, p_days, p_model, v_model, cardinality(p_digests), md5(array_to_string(p_digests, ''))::uuid);
    return v_run;
end
$$;

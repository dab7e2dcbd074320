create or replace function registry.ask_listing(p_query text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- Versions of all subjects, by subject and number: of those that begin with subjectPrefix, deleted ones too with deleted, the
-- newest of each with latestOnly; from offset, at most limit, and never more than 1000 (as Confluent's setting
-- schema.search.max.limit).
-- Errors: EM308 with 404 offset or limit are no numbers, 400 there is more text than one answer takes
declare
    v_prefix text := registry.subject_prefix(p_query);
    v_deleted boolean := registry.flag(p_query, 'deleted');
    v_latest boolean := registry.flag(p_query, 'latestOnly');
    v_offset integer := registry.page_number(p_query, 'offset');
    v_limit integer := least(registry.page_number(p_query, 'limit'), 1000);
    v_subjects text[];
    v_versions integer[];
    v_ids integer[];
    v_size bigint;
begin
    -- Which they are, first: their texts are read for those only.
    select array_agg(p.subject), array_agg(p.version), array_agg(p.schema_id) into v_subjects, v_versions, v_ids
    from (
        (
            select v.subject, v.version, v.schema_id
            from registry.subject_version v
            where not v_latest and (v_prefix = '' or starts_with(v.subject, v_prefix)) and (v.deleted_at is null or v_deleted)
            order by v.subject, v.version
            offset v_offset limit v_limit
        )
        union all
        (
            select n.subject, n.version, v.schema_id
            from (
                select v.subject, max(v.version) as version
                from registry.subject_version v
                where v_latest and (v_prefix = '' or starts_with(v.subject, v_prefix)) and (v.deleted_at is null or v_deleted)
                group by v.subject
                order by v.subject
                offset v_offset limit v_limit
            ) n
            join registry.subject_version v on (v.subject, v.version) = (n.subject, n.version)
            order by n.subject
        )
    ) p;
    select sum(octet_length(s.schema_text)) into v_size
    from unnest(v_ids) as p (schema_id) join registry.schema s on s.schema_id = p.schema_id;
    if v_size > 16777216 then
        perform registry.refuse(400, format('These schemas have %s bytes: ask for fewer by limit and offset', v_size));
    end if;
    return (
        select '[' || coalesce(string_agg(registry.schema_answer(
            p.subject, p.version, s.schema_id, s.schema_type, s.schema_text, registry.references_of(s.schema_id))::text,
            ',' order by p.position), '') || ']'
        from unnest(v_subjects, v_versions, v_ids) with ordinality as p (subject, version, schema_id, position)
        join registry.schema s on s.schema_id = p.schema_id);
end
$$;

create or replace function registry.judged(
    p_subject text, p_schema_type text, p_tree jsonb, p_version integer default null) returns setof text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
-- What keeps a schema from following the versions of a subject that stand, by the subject's level, a sentence each.
--   p_version  judge against this version only; null: the newest, or all where the level is transitive
-- Errors: EM306 the setting registry.compatibility is no level
declare
    v_level text := registry.compatibility(p_subject);
    v_old record;
begin
    if v_level = 'NONE' then
        return;
    elsif v_level not in ('BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE') then
        raise exception using errcode = 'EM306', message = format('the setting registry.compatibility is %s', left(v_level, 40)),
            hint = 'NONE, BACKWARD, FORWARD, FULL, or one of the latter three with _TRANSITIVE';
    end if;
    for v_old in
        select v.version, s.schema_type, s.tree
        from registry.subject_version v join registry.schema s on s.schema_id = v.schema_id
        where v.subject = p_subject and v.deleted_at is null and v.version = coalesce(p_version, v.version)
        order by v.version desc
        limit case when v_level like '%\_TRANSITIVE' then null else 1 end
    loop
        if v_old.schema_type <> p_schema_type then
            return next format(
                'version %s is of type %s: a subject keeps its type, unless its level is NONE', v_old.version, v_old.schema_type);
        elsif p_schema_type <> 'AVRO' then
            return next format('version %s is another: compatibility of JSON Schema is not judged here, so another version '
                'needs the subject''s level set to NONE', v_old.version);
        elsif v_old.tree is null then
            return next format('version %s cannot be judged against: by today''s rules it is no Avro schema', v_old.version);
        else
            if v_level not like 'FORWARD%' then
                return query select format('cannot read what version %s wrote: %s', v_old.version, i.sentence)
                    from registry.avro_incompatibilities(p_tree, v_old.tree) as i (sentence);
            end if;
            if v_level not like 'BACKWARD%' then
                return query select format('version %s cannot read what it writes: %s', v_old.version, i.sentence)
                    from registry.avro_incompatibilities(v_old.tree, p_tree) as i (sentence);
            end if;
        end if;
    end loop;
end
$$;

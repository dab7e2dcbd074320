create or replace function registry.change_deleted(p_path text[], p_query text[]) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
-- Deletes a version of a subject, or all of them: from view, or for good what was deleted from view. Its schema stays.
-- Errors: EM303 read-only; EM308 with 40401, 40402, 40404 to 40407, 42202, 42206
declare
    v_subject text := registry.subject_named(p_path[2]);
    v_whole boolean := cardinality(p_path) = 2;
    v_permanent boolean := registry.flag(p_query, 'permanent');
    v_versions integer[];
    v_standing boolean;
    v_referred integer;
begin
    perform pg_advisory_xact_lock('registry.schema'::regclass::oid::bigint);
    if v_whole then
        if not registry.has_versions(v_subject, true) then
            perform registry.refuse(40401, format('Subject ''%s'' not found.', left(v_subject, 300)));
        elsif not v_permanent and not registry.has_versions(v_subject, false) then
            perform registry.refuse(40404, format('Subject ''%s'' was soft deleted. Set permanent=true to delete permanently', v_subject));
        end if;
        v_versions := array(
            select v.version from registry.subject_version v
            where v.subject = v_subject and (v.deleted_at is null or v_permanent) order by v.version);
    else
        v_versions := array[registry.version_named(v_subject, p_path[4], true)];
    end if;
    v_standing := exists (
        select from registry.subject_version v
        where v.subject = v_subject and v.version = any (v_versions) and v.deleted_at is null);
    if not v_whole and not v_permanent and not v_standing then
        perform registry.refuse(40406, format('Subject ''%s'' Version %s was soft deleted. Set permanent=true to delete permanently',
            v_subject, v_versions[1]));
    end if;
    perform registry.check_writable(v_subject);
    if v_permanent and v_standing then
        perform registry.refuse(case when v_whole then 40405 else 40407 end, format(
            'Subject ''%s''%s was not deleted first before being permanently deleted', v_subject,
            case when not v_whole then ' Version ' || v_versions[1] else '' end));
    end if;
    -- What goes for good must be referred to by nothing that can be found under a subject, deleted or not; what goes from view,
    -- by nothing that stands. A subject whose versions refer to one another goes as a whole.
    select min(r.version) into v_referred
    from registry.schema_reference r
    where r.subject = v_subject and r.version = any (v_versions) and exists (
        select from registry.subject_version v
        where v.schema_id = r.schema_id and (v.deleted_at is null or v_permanent)
            and not (v.subject = v_subject and v.version = any (v_versions)));
    if v_referred is not null then
        perform registry.refuse(42206, format('One or more references exist to the schema {subject=%s,version=%s}', v_subject, v_referred));
    end if;

    if v_permanent then
        delete from registry.subject_version v where v.subject = v_subject and v.version = any (v_versions);
    else
        update registry.subject_version v set deleted_at = greatest(clock_timestamp(), v.registered_at)
        where v.subject = v_subject and v.version = any (v_versions) and v.deleted_at is null;
        -- What nobody sees has no level and no mode of its own: who registers it anew begins anew.
        if not registry.has_versions(v_subject, false) then
            delete from registry.subject_setting s where s.subject = v_subject;
        end if;
    end if;
    return case when v_whole then to_json(v_versions)::text else v_versions[1]::text end;
end
$$;

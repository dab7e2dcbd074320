create or replace function registry.avro_branch(p_union jsonb, p_writer jsonb, p_readers jsonb, p_writers jsonb) returns jsonb
language plpgsql immutable parallel safe as $$
-- The branch of a reader's union that a writer's type, no union itself, is read as: its own type, by full name if it has one; one
-- of its kind and unqualified name, or with its name for an alias; the first that it can be promoted to. Null: none.
declare
    v_label text := registry.avro_label(p_writer);
    v_kind text := registry.avro_kind(p_writer, p_writers);
    v_branch jsonb;
begin
    select b into v_branch from jsonb_array_elements(p_union) b
    where registry.avro_label(b) = v_label and registry.avro_kind(b, p_readers) = v_kind limit 1;
    if not found and p_writers ? v_label then
        select b into v_branch from jsonb_array_elements(p_union) b
        where registry.avro_kind(b, p_readers) = v_kind and registry.avro_is_named(p_readers -> registry.avro_label(b), v_label) limit 1;
    elsif not found then
        select b into v_branch from jsonb_array_elements(p_union) with ordinality as t (b, n)
        where registry.avro_promotes(v_kind, registry.avro_kind(b, p_readers)) order by n limit 1;
    end if;
    return v_branch;
end
$$;

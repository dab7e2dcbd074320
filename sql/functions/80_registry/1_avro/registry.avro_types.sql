create or replace function registry.avro_types(p_tree jsonb) returns jsonb
language sql immutable parallel safe as $$
    -- The definitions of a tree by their names, without those in them.
    select coalesce(jsonb_object_agg(d.name, registry.avro_shallow(d.tree, true)), '{}')
    from registry.avro_nodes(p_tree) d where d.is_definition
$$;

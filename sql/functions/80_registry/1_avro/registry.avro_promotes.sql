create or replace function registry.avro_promotes(p_writer text, p_reader text) returns boolean
language sql immutable parallel safe as $$
    -- Whether a primitive type that was written can be read as another.
    select (p_writer, p_reader) in (('int', 'long'), ('int', 'float'), ('int', 'double'), ('long', 'float'), ('long', 'double'),
        ('float', 'double'), ('string', 'bytes'), ('bytes', 'string'))
$$;

create or replace function registry.avro_full_name(p_word text, p_namespace text) returns text
language sql immutable parallel safe as $$
    -- What a word that stands for a type means within a namespace, '' for none: a primitive type, or a full name.
    select case
        when p_namespace = '' or strpos(p_word, '.') > 0
            or p_word in ('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string')
            then p_word
        else p_namespace || '.' || p_word
    end
$$;

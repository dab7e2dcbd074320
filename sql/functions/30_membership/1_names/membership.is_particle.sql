create or replace function membership.is_particle(p_word text) returns boolean
language sql immutable parallel safe
begin atomic
    -- Words that begin a compound last name: van, de la, bin, …
    select lower(p_word) in (
        'van', 'von', 'der', 'den', 'ter', 'ten', 'zu', 'zur', 'de', 'del', 'della', 'di', 'da', 'das', 'dos', 'do',
        'du', 'la', 'le', 'las', 'los', 'bin', 'binti', 'ibn', 'al', 'el', 'st', 'st.', 'af', 'av');
end;

create or replace function membership.is_title(p_word text) returns boolean
language sql immutable parallel safe
begin atomic
    -- Words before a name that are no part of it; a full stop at the end does not count.
    select lower(rtrim(p_word, '.') collate "C") in (
        'mr', 'mrs', 'ms', 'miss', 'mx', 'dr', 'prof', 'professor', 'sir', 'madam', 'rev', 'reverend', 'hon');
end;

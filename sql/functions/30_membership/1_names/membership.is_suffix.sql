create or replace function membership.is_suffix(p_word text) returns boolean
language sql immutable parallel safe
begin atomic
    -- Words after a name that are no part of it; full stops and a comma do not count.
    select translate(lower(p_word collate "C"), '.,', '') in (
        'jr', 'sr', 'ii', 'iii', 'iv', 'v', 'md', 'dds', 'dvm', 'phd', 'esq', 'cpa', 'mba', 'jd');
end;

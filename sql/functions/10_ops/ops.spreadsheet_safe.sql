create or replace function ops.spreadsheet_safe(p_cell text) returns text
language sql immutable parallel safe
begin atomic
    -- A cell that a spreadsheet would run as a formula (it begins with = + - @, tab or carriage return) behind an
    -- apostrophe; any other as it is. Source: OWASP, CSV injection.
    select case when p_cell like any ('{=%,+%,-%,@%}') or p_cell like E'\t%' or p_cell like E'\r%' then '''' || p_cell else p_cell end;
end;

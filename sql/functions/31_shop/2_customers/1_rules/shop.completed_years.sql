create or replace function shop.completed_years(p_birthday date, p_at timestamptz) returns integer
language sql immutable parallel safe
begin atomic
    -- Years of age on the UTC day of a time; negative before birth. Who was born on 29 February comes of age on 1 March.
    select case
        when (p_at at time zone 'UTC')::date >= p_birthday
            then extract(year from age((p_at at time zone 'UTC')::date::timestamp, p_birthday::timestamp))::int
        else -1
    end;
end;

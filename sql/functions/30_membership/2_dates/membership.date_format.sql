create or replace function membership.date_format(p_date text, p_formats text[]) returns text
language sql immutable parallel safe
begin atomic
    -- Which of the policy's formats a date has by its shape alone, '' when none. A shape has one format at most, so a
    -- date is never guessed row by row.
    select case
        when p_date like '____-__-__' then case when 'YYYY-MM-DD' = any (p_formats) then 'YYYY-MM-DD' else '' end
        when p_date like '____/__/__' then case when 'YYYY/MM/DD' = any (p_formats) then 'YYYY/MM/DD' else '' end
        when p_date like '__/__/____' then case
            when 'MM/DD/YYYY' = any (p_formats) then 'MM/DD/YYYY'
            when 'DD/MM/YYYY' = any (p_formats) then 'DD/MM/YYYY' else '' end
        when p_date like '__-__-____' then case
            when 'DD-MM-YYYY' = any (p_formats) then 'DD-MM-YYYY'
            when 'MM-DD-YYYY' = any (p_formats) then 'MM-DD-YYYY' else '' end
        when p_date like '____.__.__' then case when 'YYYY.MM.DD' = any (p_formats) then 'YYYY.MM.DD' else '' end
        when p_date like '__.__.____' then case
            when 'DD.MM.YYYY' = any (p_formats) then 'DD.MM.YYYY'
            when 'MM.DD.YYYY' = any (p_formats) then 'MM.DD.YYYY' else '' end
        when p_date like '________' then case when 'YYYYMMDD' = any (p_formats) then 'YYYYMMDD' else '' end
        else ''
    end;
end;

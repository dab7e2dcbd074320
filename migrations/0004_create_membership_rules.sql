-- Rules that constraints use are versioned here and frozen: a new meaning gets a new name and a migration that swaps it.
-- A rule gives a code of ops.rule or '', never null, never an error; it is inlinable, so it carries no SET.

create function membership.mobile_rule(p_mobile text) returns text
language sql immutable parallel safe
begin atomic
    select case
        when p_mobile is null or p_mobile = '' then 'mobile_missing'
        when octet_length(p_mobile) = 8 and translate(p_mobile, '0123456789', '') = '' then ''
        else 'mobile_not_8_digits'
    end;
end;
comment on function membership.mobile_rule is 'a mobile number has 8 digits, nothing else';

create function membership.email_rule(p_email text) returns text
language sql immutable parallel safe
begin atomic
    select case
        when p_email is null or p_email = '' then 'email_missing'
        when octet_length(p_email) <= 254 and p_email collate "C" ~
            '^[^][@\s\u0001-\u001f\u007f\u00a0\u2000-\u200b\u3000,;:<>()\\".]+(\.[^][@\s\u0001-\u001f\u007f\u00a0\u2000-\u200b\u3000,;:<>()\\".]+)*@[^][@\s\u0001-\u001f\u007f\u00a0\u2000-\u200b\u3000,;:<>()\\".]+(\.[^][@\s\u0001-\u001f\u007f\u00a0\u2000-\u200b\u3000,;:<>()\\".]+)+$'
            then ''
        else 'email_malformed'
    end;
end;
comment on function membership.email_rule is
    'words joined by single dots on both sides of one @, two or more behind it; no white space, no control characters, no quoting; at most 254 bytes (RFC 5321). A plain character class costs 0.5 us, translate() with as many characters 3';

create function membership.name_rule(p_last_name text) returns text
language sql immutable parallel safe
begin atomic
    select case when p_last_name is null or btrim(p_last_name) = '' then 'name_missing' else '' end;
end;
comment on function membership.name_rule is 'something is left to call the applicant by once titles and suffixes are off';

create function membership.birthday_digits(p_birthday date) returns text
language sql immutable parallel safe
begin atomic
    select (extract(year from p_birthday)::int * 10000 + extract(month from p_birthday)::int * 100
        + extract(day from p_birthday)::int)::text;
end;
comment on function membership.birthday_digits is 'YYYYMMDD of a birthday from the year 1000 on, whatever DateStyle says';

create function membership.plain_id(p_last_name text, p_birthday date) returns text
language sql immutable parallel safe
begin atomic
    select p_last_name || '_'
        || left(encode(sha256(decode(membership.birthday_digits(p_birthday), 'escape')), 'hex'), 5);
end;
comment on function membership.plain_id is
    'last name, _, first 5 hex digits of SHA-256 of the birthday YYYYMMDD: Smith, 1975-08-27 gives Smith_c7677';

create function membership.id_of(p_plain_id text, p_ordinal integer) returns text
language sql immutable parallel safe
begin atomic
    -- p_plain_id stands here once: an argument that is used twice would keep the generated column from being inlined.
    select p_plain_id || case when p_ordinal = 1 then '' else '-' || p_ordinal::text end;
end;
comment on function membership.id_of is 'the plain id for the first person of that id, then -2, -3 for the next ones';

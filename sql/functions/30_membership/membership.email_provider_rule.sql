create or replace function membership.email_provider_rule(p_email text, p_domains text[]) returns text
language sql immutable parallel safe
begin atomic
    -- '' when the domain is like one of the policy's patterns. A malformed e-mail has a rule of its own.
    select case when lower(split_part(p_email, '@', 2) collate "C") like any (p_domains) then '' else 'email_provider' end;
end;

create or replace function membership.check_policy() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
-- The last gate, also for whoever writes by psql: a member must be eligible by the policy version it names.
-- Once a statement, over the transition table. Errors: 23514 with constraint member_policy_check.
declare
    v_bad record;
begin
    select n.membership_id, n.policy_version, p.version is null as unknown into v_bad
    from changed n
    left join membership.policy p on p.version = n.policy_version
    where p.version is null
        or n.above_18 is distinct from (n.date_of_birth < p.born_before)
        or not n.above_18
        or n.date_of_birth < p.earliest_birthday
        or membership.email_provider_rule(n.email, p.email_domains) <> ''
    limit 1;
    if found then
        raise exception using errcode = 'check_violation', schema = 'membership', table = 'member',
            constraint = 'member_policy_check',
            message = 'a member is not eligible by the policy it names',
            hint = case when v_bad.unknown then 'policy_version must be one of membership.policy'
                else 'compare with membership.policy' end;
    end if;
    return null;
end
$$;

create or replace trigger t100_policy_insert after insert on membership.member
referencing new table as changed for each statement execute function membership.check_policy();

create or replace trigger t100_policy_update after update on membership.member
referencing new table as changed for each statement execute function membership.check_policy();

create or replace function membership.check_policy() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
-- The last gate, also for whoever writes by psql: a member must be eligible by the policy version it names.
-- Once a statement, over the transition table. Errors: 23514 with constraint member_policy_check.
declare
    v_version integer;
    v_policy membership.policy%rowtype;
begin
    -- One version after the other: nearly always there is one, and its bounds are constants to the check then.
    for v_version in select distinct policy_version from changed loop
        select * into v_policy from membership.policy where version = v_version;
        if not found or exists (
            select from changed
            where policy_version = v_version
                and (not above_18
                    or date_of_birth >= v_policy.born_before
                    or date_of_birth < v_policy.earliest_birthday
                    or membership.email_provider_rule(email, v_policy.email_domains) <> ''))
        then
            raise exception using errcode = 'check_violation', schema = 'membership', table = 'member',
                constraint = 'member_policy_check',
                message = 'a member is not eligible by the policy it names',
                hint = 'policy_version must be one of membership.policy, and the member must be eligible by it';
        end if;
    end loop;
    return null;
end
$$;

create or replace trigger t100_policy_insert after insert on membership.member
referencing new table as changed for each statement execute function membership.check_policy();

create or replace trigger t100_policy_update after update on membership.member
referencing new table as changed for each statement execute function membership.check_policy();

create or replace function membership.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
-- Policies are what members were judged by: they are added, never changed. Errors: EM040.
begin
    raise exception using errcode = 'EM040', message = 'a policy version never changes',
        hint = 'membership.set_policy() makes the next version';
end
$$;

create or replace trigger t100_policy_is_frozen before update or delete or truncate on membership.policy
for each statement execute function membership.refuse_change();

create or replace view ops.capability with (security_invoker = true) as
select r.rolname as role, c.grantable, shobj_description(r.oid, 'pg_authid') as description,
    array(
        select m.rolname::text from pg_catalog.pg_auth_members a join pg_catalog.pg_roles m on m.oid = a.member
        where a.roleid = r.oid and m.rolcanlogin order by 1) as granted_to
from (values
    ('loader'::name, true), ('promoter', true), ('membership_reader', true), ('relay', true), ('relay_admin', true),
    ('collector', true), ('collector_admin', true), ('registrar', true),
    ('logistics', true), ('analytics', true), ('sales', true), ('privacy', true),
    ('reads_personal', false), ('masker', false), ('emporium_owner', false)
) c (role, grantable)
join pg_catalog.pg_roles r on r.rolname = c.role;

comment on view ops.capability is 'the roles of the platform; those that are grantable are for people and programs, by emporium roles grant';
comment on column ops.capability.granted_to is 'logins that hold it';

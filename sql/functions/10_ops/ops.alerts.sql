-- What a person should look at now.
create or replace view ops.alerts with (security_invoker = true) as
select alert_id, kind, subject, message, raised_at
from ops.alert
where cleared_at is null;

comment on view ops.alerts is 'alerts that stand; those that were cleared are in ops.alert';

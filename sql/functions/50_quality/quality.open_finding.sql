create or replace view quality.open_finding with (security_invoker = true) as
select f.source, f.feed, f.code, f.record, r.reason, r.remedy, f.found_at, f.found_run
from quality.finding f
join ops.rule r using (feed, code)
where f.resolved_at is null;

comment on view quality.open_finding is 'what is wrong now with data that was taken all the same, and what to do about it';

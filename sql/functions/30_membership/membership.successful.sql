-- Members as they are written out; batch_id and run_id say which load they came with.
create or replace view membership.successful with (security_invoker = true) as
select membership_id, nullif(first_name, '') as first_name, last_name, email, membership.birthday_digits(date_of_birth) as date_of_birth, mobile_no,
    case when above_18 then 'true' else 'false' end as above_18, run_id, batch_id, position
from membership.member;

comment on view membership.successful is 'members in their output form: birthday YYYYMMDD, booleans true and false; personal data';

-- The limit: what the same rows cost when nothing is judged. psql runs it in a folder that holds staging.bin;
-- -v part=0 does all of it, -v part=1 and -v part=2 a half each, side by side. Prints the seconds of each step.
select extract(epoch from clock_timestamp()) as began \gset

\copy bench.application from 'staging.bin' with (format binary)
select extract(epoch from clock_timestamp()) as copied_in \gset

with member as (
    insert into bench.member
        (membership_id, plain_id, ordinal, first_name, last_name, email, date_of_birth, mobile_no, above_18,
         policy_version, run_id, batch_id, position, line)
    select membership_id, plain_id, ordinal, first_name, last_name, email, date_of_birth, mobile_no, above_18,
        policy_version, run_id, batch_id, position, line
    from bench.judged
    where stored and (:part = 0 or part = :part)
)
insert into bench.reject
    (received_on, batch_id, position, line, run_id, disposition, severity, defect, codes, reasons, fields, payload)
select received_on, batch_id, position, line, run_id, disposition, severity, defect, codes, reasons, fields, payload
from bench.judged
where not stored and (:part = 0 or part = :part);
select extract(epoch from clock_timestamp()) as inserted \gset

select case :part when 2 then (select min(batch_id) from bench.judged where part = 2) else 0 end as first_batch,
    case :part when 1 then (select min(batch_id) from bench.judged where part = 2) else 1000000000 end as end_batch \gset
select extract(epoch from clock_timestamp()) as asked \gset

copy (
    select membership_id, first_name, last_name, email, date_of_birth, mobile_no, above_18
    from bench.member
    where batch_id >= :first_batch and batch_id < :end_batch
) to stdout with (format csv, header) \g successful.csv
copy (
    select v[1] as name, v[2] as email, v[3] as date_of_birth, v[4] as mobile_no, array_to_string(reasons, '; ') as reasons,
        source_file, line
    from (
        select string_to_array(convert_from(payload, 'UTF8'), ',') as v, reasons, line, source_file
        from bench.reject join bench.batch using (batch_id)
        where batch_id >= :first_batch and batch_id < :end_batch
        offset 0
    ) r
) to stdout with (format csv, header) \g unsuccessful.csv
select extract(epoch from clock_timestamp()) as copied_out \gset

select :copied_in - :began as copy_in, :inserted - :copied_in as insert, :copied_out - :asked as copy_out;

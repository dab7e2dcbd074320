create or replace function membership.promote(p_batch bigint, p_run bigint) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
set enable_nestloop = off  -- statistics take an unseen batch for one row: a nested loop over it would never end
set enable_seqscan = off  -- and find no use in the BRIN index that spares reading the other batches
as $$
-- Judges one landed batch of applications; moves it into members and rejects.
-- Reads:  staging.membership_application, membership.policy (the newest version)
-- Writes: membership.member, staging.reject, ops.batch
-- Errors: EM001 batch is unknown, EM002 batch is promoted already, EM003 an earlier batch is not promoted yet
declare
    v_batch ops.batch%rowtype;
    v_file record;
    v_policy membership.policy%rowtype;
    v_map integer[];
    v_pending bigint;
    v_rejected bigint;
    v_kept membership.candidate[];
    v_result ops.promotion;
begin
    v_batch := ops.claim_batch(p_batch);
    select * into v_file from ops.record_format(p_batch);
    select * into strict v_policy from membership.policy order by version desc limit 1;
    v_map := v_file.map;

    -- judged: each row's fields, then the codes of the rules it breaks, joined by commas; ',,,' breaks none
    -- rejected: those with codes, and the codes' reasons looked up once for each combination
    -- kept: the others, held back until it is this batch's turn
    with judged as materialized (
        select d.position, d.line, d.defect, d.fields, d.payload, d.name, d.email, d.mobile_no, d.digits,
            case
                when d.defect is not null then d.defect
                when d.width <> v_file.width then 'column_count'
                else membership.application_name_rule(d.name)
                    || ',' || case membership.email_rule(d.email)
                        when '' then membership.email_provider_rule(d.email, v_policy.email_domains)
                        else membership.email_rule(d.email) end
                    || ',' || membership.birthday_rule(d.date_of_birth, d.digits,
                        membership.birthday_digits(coalesce(v_policy.earliest_birthday, date '1000-01-01')),
                        membership.birthday_digits(v_policy.born_before))
                    || ',' || membership.mobile_rule(d.mobile_no)
            end as failures
        from (
            select c.*, membership.date_digits(c.date_of_birth, c.date_format) as digits
            from (
                select b.*, membership.date_format(b.date_of_birth, v_policy.date_formats) as date_format
                from (
                    select a.position, a.line, a.defect, a.fields, a.payload, cardinality(a.v) as width,
                        staging.trimmed(a.v[v_map[1]]) as name,
                        staging.trimmed(a.v[v_map[2]]) as email,
                        staging.trimmed(a.v[v_map[3]]) as date_of_birth,
                        case v_policy.mobile_white_space
                            when 'ignored' then translate(a.v[v_map[4]], E' \t\n\r\x0b\f\u00a0', '')
                            else staging.trimmed(a.v[v_map[4]]) end as mobile_no
                    from (
                        select s.position, s.line, s.fields, s.payload,
                            staging.record_defect(s.payload, s.defect, v_file.format) as defect,
                            staging.record_values(s.payload, s.fields, s.defect, v_file.format,
                                v_file.columns, v_file.delimiter) as v
                        from staging.membership_application s
                        where s.batch_id = p_batch and s.slot = v_batch.slot
                        offset 0
                    ) a
                    offset 0
                ) b
                offset 0
            ) c
            offset 0
        ) d
    ), verdicts as materialized (
        select failures, array_remove(string_to_array(failures, ','), '') as codes
        from (select distinct failures from judged where failures <> ',,,') as f
    ), rejected as (
        insert into staging.reject
            (received_on, batch_id, position, line, run_id, disposition, severity, defect, codes, reasons, fields, payload)
        select v_batch.received_on, p_batch, j.position, j.line, p_run, 'rejected', 'error',
            j.defect, v.codes, v.reasons, j.fields, j.payload
        from judged j
        -- `left`, though none is missing: the few verdicts are hashed then, not the many rows.
        left join (select failures, codes, ops.reasons(v_batch.feed, codes) as reasons from verdicts offset 0) v
            using (failures)
        where j.failures <> ',,,'
    )
    select count(*), count(*) filter (where failures <> ',,,'),
        array_agg((position, line, defect, fields, payload, name, email,
            case when failures = ',,,' then make_date(left(digits, 4)::int, substr(digits, 5, 2)::int, right(digits, 2)::int) end,
            mobile_no)::membership.candidate) filter (where failures = ',,,')
    into v_pending, v_rejected, v_kept
    from judged;

    perform ops.await_turn(v_batch);
    v_result := membership.store(v_batch, p_run, v_policy, coalesce(v_kept, '{}'));
    v_result.received := v_pending;
    v_result.rejected := v_result.rejected + v_rejected;
    perform ops.settle_batch(v_result, p_run);
    return v_result;
end
$$;

create or replace function membership.store(
    p_batch ops.batch, p_run bigint, p_policy membership.policy, p_kept membership.candidate[]
) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
-- What membership.promote() turns off for its own statement: here a few thousand people are looked up among millions.
set enable_nestloop = on
set enable_seqscan = on
as $$
-- Stores applications that passed every rule of one row; those of people who are members become duplicates.
-- Only one session at a time may be here (ops.await_turn sees to it), since people of one plain id are counted through.
-- A row that a constraint refuses all the same (classes 22, 23 and 54) is found by halving and rejected alone; everything
-- else, outages above all, goes up to the caller.
-- Writes: membership.member, staging.reject
declare
    v_result ops.promotion := row(p_batch.batch_id, 0, 0, 0, 0)::ops.promotion;
    v_half ops.promotion;
    v_middle integer := cardinality(p_kept) / 2;
    v_constraint text;
    v_code text;
    v_already text := (ops.reasons(p_batch.feed, '{duplicate_member}'))[1];
begin
    if cardinality(p_kept) = 0 then
        return v_result;
    end if;

    begin
        with applicant as materialized (
            -- One index look-up a candidate, whatever the statistics say of either side.
            select k.*, (
                    select m.membership_id from membership.member m
                    where lower(m.email) = lower(k.email) and m.date_of_birth = k.date_of_birth) as member_already,
                row_number() over (partition by lower(k.email), k.date_of_birth order by k.position) as turn
            from unnest(p_kept) as k
        ), newcomer as materialized (
            select n.*, membership.plain_id(n.parts[2], n.date_of_birth) as plain_id
            from (
                select a.*, membership.split_name(a.name) as parts
                from applicant a
                where a.member_already is null and a.turn = 1
                offset 0
            ) n
            offset 0
        ), stored as (
            insert into membership.member
                (first_name, last_name, ordinal, email, date_of_birth, mobile_no, above_18, policy_version,
                 run_id, batch_id, position, line)
            select n.parts[1], n.parts[2],
                coalesce((select max(m.ordinal) from membership.member m where m.plain_id = n.plain_id), 0)
                    + row_number() over (partition by n.plain_id order by n.position),
                n.email, n.date_of_birth, n.mobile_no, n.date_of_birth < p_policy.born_before, p_policy.version,
                p_run, p_batch.batch_id, n.position, n.line
            from newcomer n
            order by n.position
            returning membership_id, lower(email) as email_key, date_of_birth
        ), duplicate as (
            insert into staging.reject
                (received_on, batch_id, position, line, run_id, disposition, severity, defect, codes, reasons, fields, payload)
            select p_batch.received_on, p_batch.batch_id, a.position, a.line, p_run, 'duplicate', 'info', a.defect,
                '{duplicate_member}',
                array[v_already || ': ' || coalesce(a.member_already, s.membership_id)],
                a.fields, a.payload
            from applicant a
            left join stored s on s.email_key = lower(a.email) and s.date_of_birth = a.date_of_birth
            where a.member_already is not null or a.turn > 1
            returning 1
        )
        select (select count(*) from stored), (select count(*) from duplicate)
        into v_result.stored, v_result.duplicate;
        set constraints all immediate;
        return v_result;
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        get stacked diagnostics v_constraint = constraint_name, v_code = returned_sqlstate;
    end;

    if cardinality(p_kept) = 1 then
        insert into staging.reject
            (received_on, batch_id, position, line, run_id, disposition, severity, defect, codes, reasons, fields, payload)
        select p_batch.received_on, p_batch.batch_id, k.position, k.line, p_run, 'rejected', 'error', k.defect,
            '{constraint_violation}',
            array[(ops.reasons(p_batch.feed, '{constraint_violation}'))[1]
                || format(' (%s)', coalesce(nullif(v_constraint, ''), 'SQLSTATE ' || v_code))],
            k.fields, k.payload
        from unnest(p_kept) as k;
        v_result.rejected := 1;
        return v_result;
    end if;

    v_half := membership.store(p_batch, p_run, p_policy, p_kept[:v_middle]);
    v_result := membership.store(p_batch, p_run, p_policy, p_kept[v_middle + 1:]);
    v_result.stored := v_result.stored + v_half.stored;
    v_result.rejected := v_result.rejected + v_half.rejected;
    v_result.duplicate := v_result.duplicate + v_half.duplicate;
    return v_result;
end
$$;

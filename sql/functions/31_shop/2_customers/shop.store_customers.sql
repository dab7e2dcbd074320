create or replace function shop.store_customers(
    p_batch ops.batch, p_run bigint, p_partition integer, p_from bigint, p_to bigint
) returns ops.promotion
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set plan_cache_mode = auto  -- a custom plan for each call would be one for each row's foreign key, too: 20 us a row
set jit = off  -- the price of a scan that is off would call for it
set work_mem = '64MB'
set enable_nestloop = off  -- statistics take an unseen batch for one row: a nested loop over it would never end
set enable_seqscan = off  -- and find no use in the BRIN index that spares reading the other batches
as $$
-- Judges and stores the messages of a batch from one offset to another, in one statement. When a constraint refuses a row
-- all the same, or its bytes cannot be read (classes 22, 23 and 54), the offsets are halved until it stands alone, and it
-- is rejected; everything else, outages above all, goes up to the caller.
-- A customer's row in shop.customer_version is his lock: it is taken first, in the order of customer_id, so that promoters
-- side by side cannot deadlock, and it is held until commit. It moves for the greatest (event_time, partition, position)
-- of all messages that are accepted, redelivered ones too: what stands in the end does not hang on who comes first.
-- Writes: shop.customer_version, shop.customer_event, shop.customers, staging.reject
declare
    v_result ops.promotion := row(p_batch.batch_id, 0, 0, 0, 0)::ops.promotion;
    v_half ops.promotion;
    v_latest timestamptz := p_batch.received_at + ops.setting_value('customers.clock_skew')::interval;
    v_earliest timestamptz := ops.setting_value('customers.earliest')::date;
    v_constraint text;
    v_code text;
    v_middle bigint;
begin
    begin
        with judged as materialized (
            select * from shop.judged_customers(p_batch.batch_id, p_batch.slot, p_from, p_to, v_earliest, v_latest)
        ), counted as materialized (
            select count(*) as messages, count(*) filter (where clean) as clean from judged
        ), latest as (
            select distinct on (customer_id) customer_id, event_time, position
            from judged
            where clean
            order by customer_id, event_time desc, position desc
        ), moved as (
            insert into shop.customer_version as v (customer_id, event_time, partition, position, batch_id)
            select customer_id, event_time, p_partition, position, p_batch.batch_id
            from latest
            order by customer_id
            on conflict on constraint customer_version_pkey do update
            set event_time = excluded.event_time, partition = excluded.partition, position = excluded.position,
                batch_id = excluded.batch_id
            where (v.event_time, v.partition, v.position) < (excluded.event_time, excluded.partition, excluded.position)
            returning v.position
        ), booked as (
            insert into shop.customer_event (customer_id, event_time, digest, batch_id, position)
            select customer_id, event_time, digest, p_batch.batch_id, position
            from judged
            where clean and (select count(*) from moved) >= 0  -- all locks are taken before
            order by customer_id, event_time, position
            on conflict on constraint customer_event_pkey do nothing
            returning position
        ), shown as (
            insert into shop.customers
                (customer_id, first_name, last_name, age, email, country, city, postal_code, phone_number,
                 registration_date, last_login_date)
            select customer_id, first_name, last_name, age, email, country, city, postal_code, phone_number,
                registration_date, last_login_date
            from judged
            join moved using (position)
            order by customer_id
            on conflict on constraint customers_pkey do update
            set first_name = excluded.first_name, last_name = excluded.last_name, age = excluded.age, email = excluded.email,
                country = excluded.country, city = excluded.city, postal_code = excluded.postal_code,
                phone_number = excluded.phone_number, registration_date = excluded.registration_date,
                last_login_date = excluded.last_login_date
        ), refused as materialized (
            -- An event that is in the ledger already, or a message with codes; a dead letter that comes back stands already.
            select j.position, j.defect, j.message_key, j.origin, j.payload,
                case when j.clean then 'duplicate_event' when j.origin is null then j.failures
                    else 'returned_dead_letter,' || j.failures end as failures,
                not j.clean and j.origin is null as rejected
            from judged j
            where not j.clean
                or (select count(*) from booked) < (select clean from counted) and j.position not in (select position from booked)
        ), verdict as (
            select failures, codes, ops.reasons(p_batch.feed, codes) as reasons
            from (
                select failures, array_remove(string_to_array(failures, ','), '') as codes
                from (select distinct failures from refused) f
            ) c
            offset 0
        ), recorded as (
            insert into staging.reject
                (received_on, batch_id, position, run_id, disposition, severity, defect, codes, reasons, payload, message_key, origin)
            select p_batch.received_on, p_batch.batch_id, r.position, p_run,
                case when r.rejected then 'rejected' else 'duplicate' end::staging.disposition,
                case when r.rejected then 'error' else 'info' end::ops.severity,
                r.defect, v.codes, v.reasons, r.payload, r.message_key, r.origin
            from refused r
            left join verdict v using (failures)
            order by r.position
        )
        select (select messages from counted), (select count(*) from booked), count(*) filter (where rejected),
            count(*) filter (where not rejected)
        into v_result.received, v_result.stored, v_result.rejected, v_result.duplicate
        from refused;
        set constraints all immediate;
        return v_result;
    exception when data_exception or integrity_constraint_violation or program_limit_exceeded then
        get stacked diagnostics v_constraint = constraint_name, v_code = returned_sqlstate;
    end;

    select count(*), percentile_disc(0.5) within group (order by position)
    into v_result.received, v_middle
    from staging.shop_customer
    where batch_id = p_batch.batch_id and slot = p_batch.slot and position between p_from and p_to;

    if v_result.received > 1 then
        -- Halves take their customers' locks in an order of their own: nobody else may store meanwhile. The block above has
        -- given back what it held, so waiting here cannot deadlock.
        lock table shop.customer_version in share row exclusive mode;
        v_result := shop.store_customers(p_batch, p_run, p_partition, p_from, v_middle);
        v_half := shop.store_customers(p_batch, p_run, p_partition, v_middle + 1, p_to);
        v_result.received := v_result.received + v_half.received;
        v_result.stored := v_result.stored + v_half.stored;
        v_result.rejected := v_result.rejected + v_half.rejected;
        v_result.duplicate := v_result.duplicate + v_half.duplicate;
        return v_result;
    end if;

    insert into staging.reject
        (received_on, batch_id, position, run_id, disposition, severity, defect, codes, reasons, payload, message_key, origin)
    select p_batch.received_on, p_batch.batch_id, s.position, p_run,
        case when s.origin is null then 'rejected' else 'duplicate' end::staging.disposition,
        case when s.origin is null then 'error' else 'info' end::ops.severity,
        s.unreadable, c.codes,
        array(
            select r.reason || case when r.place = cardinality(c.codes) and s.unreadable is null
                then format(' (%s)', coalesce(nullif(v_constraint, ''), 'SQLSTATE ' || v_code)) else '' end
            from unnest(ops.reasons(p_batch.feed, c.codes)) with ordinality as r (reason, place)
            order by r.place),
        s.payload, s.message_key, s.origin
    from (
        select *, coalesce(defect, staging.bytes_defect(payload, 'json')) as unreadable
        from staging.shop_customer
        where batch_id = p_batch.batch_id and slot = p_batch.slot and position between p_from and p_to
    ) s
    cross join lateral (
        select case when s.origin is null then '{}'::text[] else '{returned_dead_letter}' end
            || coalesce(s.unreadable, 'constraint_violation') as codes
    ) c;
    v_result.rejected := (select count(*) from staging.shop_customer
        where batch_id = p_batch.batch_id and slot = p_batch.slot and position between p_from and p_to and origin is null);
    v_result.duplicate := v_result.received - v_result.rejected;
    return v_result;
end
$$;

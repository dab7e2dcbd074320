create or replace function sample.filled(p_pattern text, p_hash bigint) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
-- A postal code by its pattern: each # becomes a digit, each @ a letter that postal codes use.
declare
    v_answer text := '';
    v_sign text;
    v_rest bigint := (p_hash >> 4) & 1152921504606846975;
begin
    foreach v_sign in array string_to_array(p_pattern, null) loop
        if v_sign = '#' then
            v_answer := v_answer || (v_rest % 10)::text;
            v_rest := v_rest / 10;
        elsif v_sign = '@' then
            v_answer := v_answer || substr('ABDEFGHJLNPRSTUWXYZ', (v_rest % 19)::integer + 1, 1);
            v_rest := v_rest / 19;
        else
            v_answer := v_answer || v_sign;
        end if;
    end loop;
    return v_answer;
end
$$;

create or replace function sample.slug(p_name text) returns text
language sql immutable parallel safe
begin atomic
    select translate(replace(replace(replace(replace(replace(replace(replace(replace(lower(p_name),
        'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss'), 'ø', 'oe'), 'æ', 'ae'), 'å', 'aa'), 'é', 'e'),
        'áčďěęëíłńňñóřśšťúůýžźżąćçèêîïôàâìùûãõ '' -',
        'acdeeeilnnnorsstuuyzzzacceeiioaaiuuao');
end;
comment on function sample.slug is 'a name as it stands in an e-mail address';

create or replace function sample.draft_customers(p_customers integer, p_seed bigint, p_from date, p_until date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_custom_plan
set enable_mergejoin = off as $$
-- Draws the customers, in the order they registered in, from a year before the first order on; and the slots that they have in
-- the draw of who orders: how many is heavy-tailed (P(at least k) = 1/k^2), 12 in 100 have none.
-- Writes: sample.customer, sample.slot, sample.calendar (slots)
declare
    v_days integer := p_until - 2 - (p_from - 365);
    v_born_before date := (select born_before from membership.policy where version = 1);
begin
    insert into sample.customer (customer_id, first_name, last_name, email, country, currency, zone, distance, invoices, city, postal_code,
        address, phone_number, registered_at, registered_on, date_of_birth, is_member, slots, slots_to)
    with
    place as materialized (
        -- A thousandth of the customers a row, found by its number.
        select row_number() over (order by c.country, n) - 1 as place_no, c.*, k.calling_code
        from sample.country_words() c
        join shop.country k on k.country = c.country
        cross join lateral generate_series(1, c.weight) n
    ),
    city as materialized (
        select w.*, sum(w.weight) over (partition by w.country order by w.city) as weight_to, sum(w.weight) over (partition by w.country) as whole
        from sample.city_words() w
    ),
    town as materialized (
        -- A hundredth of a country's customers a row.
        select c.country, n as town_no, c.city, c.postal_patterns, c.zone, c.phone_prefixes
        from generate_series(0, 99) n
        join city c on (n + 0.5) * c.whole / 100 between c.weight_to - c.weight and c.weight_to
    ),
    name as materialized (
        select n.language, max(n.words) filter (where kind = 'woman') as women, max(n.words) filter (where kind = 'man') as men,
            coalesce(max(n.words) filter (where kind = 'last'), max(n.words) filter (where kind = 'last_woman')) as last_women,
            coalesce(max(n.words) filter (where kind = 'last'), max(n.words) filter (where kind = 'last_man')) as last_men,
            array(select sample.slug(w) from unnest(max(n.words) filter (where kind = 'woman')) with ordinality u (w, p) order by p) as slug_women,
            array(select sample.slug(w) from unnest(max(n.words) filter (where kind = 'man')) with ordinality u (w, p) order by p) as slug_men,
            array(select sample.slug(w) from unnest(coalesce(max(n.words) filter (where kind = 'last'),
                max(n.words) filter (where kind = 'last_woman'))) with ordinality u (w, p) order by p) as slug_last_women,
            array(select sample.slug(w) from unnest(coalesce(max(n.words) filter (where kind = 'last'),
                max(n.words) filter (where kind = 'last_man'))) with ordinality u (w, p) order by p) as slug_last_men
        from sample.name_words() n
        group by n.language
    ),
    drawn as materialized (
        select i as customer_id, h.*,
            -- Three customers in the last year for one in the first; the first one comes first, for somebody must order.
            case when i = 1 then 0 else
                least(v_days - 1, floor(v_days * (sqrt(0.25 + 2 * ((i - 1 + sample.uniform(h.day)) / p_customers)) - 0.5)))::integer
            end as day_no,
            case when sample.uniform(h.turns) < 0.12 and i > 1 then 0
                else least(40, floor(1 / sqrt(1 - sample.uniform(sample.again(h.turns, 3)))))::integer end as slots,
            (h.person >> 8) & 1 = 0 as is_woman
        from generate_series(1, p_customers) i
        cross join lateral (
            select sample.hash(p_seed, i, 11) as place, sample.hash(p_seed, i, 12) as person, sample.hash(p_seed, i, 13) as last,
                sample.hash(p_seed, i, 14) as post, sample.hash(p_seed, i, 15) as phone, sample.hash(p_seed, i, 16) as day,
                sample.hash(p_seed, i, 17) as turns, sample.hash(p_seed, i, 18) as birth
            offset 0
        ) h
    )
    select d.customer_id,
        case when d.is_woman then n.women[1 + sample.pick(d.person, cardinality(n.women))] else n.men[1 + sample.pick(d.person, cardinality(n.men))] end,
        case when d.is_woman then n.last_women[l.number] else n.last_men[l.number] end,
        case when d.is_woman then n.slug_women[1 + sample.pick(d.person, cardinality(n.women))] || '.' || n.slug_last_women[l.number]
            else n.slug_men[1 + sample.pick(d.person, cardinality(n.men))] || '.' || n.slug_last_men[l.number] end
            || d.customer_id || '@'
            || (array['example.com', 'mail.example.com', 'post.example.net', 'example.net', 'inbox.example.com',
                'example.org', 'home.example.org'])[1 + sample.pick(sample.again(d.post, 5), case when m.is_member then 5 else 7 end)],
        p.country, p.currency, coalesce(t.zone, p.zone), p.distance, p.invoices, t.city, a.postal_code,
        format(p.address_form, p.streets[1 + sample.pick(sample.again(d.last, 7), cardinality(p.streets))],
            1 + sample.pick(sample.again(d.phone, 3), 1 + sample.pick(sample.again(d.birth, 3), 140)), a.postal_code, t.city) || ', ' || p.country,
        '+' || p.calling_code || (coalesce(t.phone_prefixes, p.mobile_prefixes))[1 + sample.pick(d.phone, cardinality(coalesce(t.phone_prefixes, p.mobile_prefixes)))]
            || case when p.country = 'US'
                -- An exchange begins with 2 to 9 and does not end with 11.
                then (2000000 + 1000000 * ((d.phone >> 4) & 7) + 200000 + 100000 * ((d.phone >> 8) & 7) + ((d.phone >> 12) & 65535))::text
                else lpad(((d.phone & 1073741823) % (10 ^ p.mobile_digits)::integer)::text, p.mobile_digits, '0') end,
        g.registered_at, g.registered_at::date,
        case when m.is_member
            then least(v_born_before - 1 - (d.birth & 255)::integer, b.born)
            else b.born end,
        m.is_member, d.slots, sum(d.slots) over (order by d.customer_id)
    from drawn d
    join place p on p.place_no = sample.pick(d.place, 1000)
    join town t on t.country = p.country and t.town_no = (d.place & 1048575) * 100 >> 20
    join name n on n.language = p.language
    cross join lateral (
        select 1 + sample.pick(d.last, cardinality(n.last_men)) as number offset 0
    ) l
    cross join lateral (
        select sample.filled(t.postal_patterns[1 + sample.pick(d.post, cardinality(t.postal_patterns))], d.post) as postal_code offset 0
    ) a
    cross join lateral (
        select (p_from - 365 + d.day_no)::timestamptz + interval '1 second' * floor(86400 * sqrt(sample.uniform(sample.again(d.day, 5)))) as registered_at offset 0
    ) g
    cross join lateral (select sample.uniform(sample.again(d.birth, 7)) < 0.3 as is_member) m
    cross join lateral (
        -- From 18 to 81 years, most of them in the middle.
        select g.registered_at::date - (6600 + floor(11500 * (sample.uniform(d.birth) + sample.uniform(sample.again(d.birth, 5))))::integer) as born offset 0
    ) b;
    analyze sample.customer;

    insert into sample.slot (slot, customer_id)
    select c.slots_to - n, c.customer_id
    from sample.customer c
    cross join lateral generate_series(0, c.slots - 1) n;
    analyze sample.slot;

    update sample.calendar k
    set slots = s.slots, slots_before = s.slots_before
    from (
        select d.day_no, max(c.slots_to) over (order by d.day range between unbounded preceding and current row) as slots,
            max(c.slots_to) over (order by d.day range between unbounded preceding and interval '21 days' preceding) as slots_before
        from (select day, day - p_from as day_no from (select generate_series((p_from - 365)::timestamp, p_until - interval '1 day', interval '1 day')::date as day) g) d
        left join (select registered_on, max(slots_to) as slots_to from sample.customer group by registered_on) c on c.registered_on = d.day
    ) s
    where s.day_no = k.day_no;
end
$$;

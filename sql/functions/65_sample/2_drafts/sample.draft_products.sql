create or replace function sample.draft_products(p_orders integer, p_seed bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC' set plan_cache_mode = force_custom_plan as $$
-- Draws the suppliers and the products: 40 kinds (sample.product_words()), as many variants of each as the orders call for.
-- Product (variant * 40 + kind + 1), so that a product's kind and companions follow from its number.
-- Writes: shop.suppliers, sample.product
declare
    v_variants integer := least(100, greatest(2, ceil(sqrt(p_orders::double precision) * 0.075)::integer));
    v_suppliers integer := least(400, 10 + v_variants * 2);
    v_months integer := (select count(*) from sample.month);
begin
    insert into shop.suppliers (supplier_id, company_name, contact_name, email, phone, country, lead_time)
    select s.supplier_id, s.brand || ' ' || c.form,
        f.words[1 + sample.pick(s.h, cardinality(f.words))] || ' ' || l.words[1 + sample.pick(sample.again(s.h, 3), cardinality(l.words))],
        'sales@' || lower(s.brand) || '.example.com',
        '+' || k.calling_code || c.prefix || (1000000 + (s.h & 1048575))::text, c.country, c.lead_time + (s.h & 7)::integer
    from (
        select i as supplier_id, sample.hash(p_seed, i, 21) as h,
            (array['Nord', 'Alpen', 'Luma', 'Vela', 'Terra', 'Solis', 'Kira', 'Orbi', 'Arvi', 'Mira', 'Fjord', 'Silva', 'Aero', 'Casa', 'Brio', 'Onda',
                'Tavo', 'Zeno', 'Pixa', 'Halo'])[1 + (i - 1) % 20]
            || (array['licht', 'werk', 'nova', 'tec', 'line', 'craft', 'form', 'ware', 'ora', 'mark', 'way', 'gear', 'haus', 'lab', 'tia', 'sun',
                'max', 'dor', 'berg', 'via'])[1 + ((i - 1) / 20 + (i - 1) * 7) % 20] as brand
        from generate_series(1, v_suppliers) i
    ) s
    join (values (0, 'GmbH', 'DE', '1511', 5, 'de'), (1, 'S.r.l.', 'IT', '328', 8, 'it'), (2, 'Ltd', 'GB', '740', 9, 'en'), (3, 'B.V.', 'NL', '61', 4, 'nl'),
        (4, 'Sp. z o.o.', 'PL', '60', 7, 'pl'), (5, 'SAS', 'FR', '61', 7, 'fr'), (6, 'AB', 'SE', '70', 9, 'sv'), (7, 'K.K.', 'JP', '903', 35, 'ja'))
        as c (number, form, country, prefix, lead_time, language) on c.number = (s.supplier_id * 5 + s.supplier_id / 8) % 8
    join shop.country k on k.country = c.country
    join sample.name_words() f on f.language = c.language and f.kind = case when s.h & 1 = 0 then 'woman' else 'man' end
    join sample.name_words() l on l.language = c.language and l.kind = case
        when c.language <> 'pl' then 'last' when s.h & 1 = 0 then 'last_woman' else 'last_man' end;

    insert into sample.product (product_id, name, noun, category, subcategory, supplier_id, cents, cost, weight, dimensions, consumable, quality, retired_at)
    select p.product_id,
        split_part(s.company_name, ' ', 1) || ' ' || p.noun || ' '
            || substr('ABCDEFGHKLMNPRSTVX', 1 + sample.pick(sample.again(p.h, 3), 18)::integer, 1) || (100 + p.variant * 7 + sample.pick(sample.again(p.h, 5), 7)),
        lower(p.noun), w.category, w.subcategory, p.supplier_id,
        -- Prices end in 99 or 49 and change now and then by some hundredths, at the beginning of a month.
        array(
            select (floor(p.price * 100 * c.change / 50) * 50 + 49 + 50 * ((p.h >> 7) & 1))::integer
            from generate_series(1, v_months) m
            cross join lateral (
                select 1 + 0.03 * (m / 12) + case when m % 12 >= (p.h & 7) + 2 then 0.06 * sample.uniform(sample.hash(p_seed, p.product_id * 8 + m / 12, 24)) else 0 end as change
            ) c
            order by m),
        round((p.price * (0.42 + 0.3 * sample.uniform(sample.again(p.h, 7))))::numeric, 2),
        round((w.weight_from + (w.weight_to - w.weight_from) * p.size * p.size)::numeric, 3),
        x.longest || 'x' || greatest(1, round(x.longest * (0.35 + 0.4 * sample.uniform(sample.again(p.h, 11))))) || 'x'
            || greatest(1, round(x.longest * (0.08 + 0.25 * sample.uniform(sample.again(p.h, 13))))),
        w.consumable, 0.25 + 0.75 * sqrt(sample.uniform(sample.again(p.h, 17))),
        case when p.product_id % 97 = 13 then
            (select starts_at + interval '6 hours' from sample.month where month_no = sample.retiring_month(p.product_id, v_months)) end
    from (
        select i as product_id, (i - 1) / 40 as variant, (i - 1) % 40 as kind, h,
            1 + sample.pick(sample.again(h, 19), v_suppliers) as supplier_id,
            k.nouns[1 + ((i - 1) / 40) % cardinality(k.nouns)] as noun,
            k.price_from + (k.price_to - k.price_from) * sample.uniform(h) * sample.uniform(sample.again(h, 3)) as price,
            sample.uniform(sample.again(h, 23)) as size
        from generate_series(1, v_variants * 40) i
        cross join lateral (select sample.hash(p_seed, i, 22) as h offset 0) hh
        join sample.product_words() k on k.sort = (i - 1) % 40
    ) p
    join sample.product_words() w on w.sort = p.kind
    join shop.suppliers s on s.supplier_id = p.supplier_id
    cross join lateral (select greatest(2, round(w.longest * (0.75 + 0.25 * p.size))) as longest offset 0) x;
    analyze sample.product;
end
$$;

create or replace function sample.retiring_month(p_product integer, p_months integer) returns integer
language sql immutable parallel safe
begin atomic
    select p_months - 1 - p_product / 97 % 13;
end;
comment on function sample.retiring_month is 'from when on a product of those that retire (one in 97) is not sold any more';

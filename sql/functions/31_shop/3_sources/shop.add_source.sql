create or replace function shop.add_source(p_source text, p_currency text, p_country text, p_time_zone text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
-- Makes an order system known, and the supplier that its products are booked under. Again with the same values it does nothing.
--   p_currency   ISO 4217, of all its amounts: the shop's own or one with a rate in shop.currency_rate
--   p_country    of the supplier: ISO 3166-1 alpha-2, or a name that is understood
-- Errors: EM501 it is there with other values, EM502 name, currency, country or time zone cannot be
declare
    v_country text := (select country from shop.country_key where key = shop.folded_country(p_country) limit 1);
    v_found record;
    v_fault text;
    v_supplier bigint;
begin
    v_fault := case
        when p_source is null or length(p_source) not between 1 and 40 or p_source !~ '^[a-z][a-z0-9_]*$'
            then 'a name has lower-case letters, digits and underscores, begins with a letter and has 40 characters at most'
        when not exists (select from shop.currency where currency = p_currency) then 'the currency is not known: ISO 4217, such as EUR'
        when not exists (select from shop.currency_rate where currency = p_currency)
            then 'the currency has no rate: insert one into shop.currency_rate'
        when v_country is null then 'the country is not known: ISO 3166-1 alpha-2, such as DE'
        when not exists (select from pg_timezone_names where name = p_time_zone)
            then 'the time zone is not known: a name of IANA, such as Europe/Berlin'
    end;
    if v_fault is not null then
        raise exception using errcode = 'EM502', message = format('source %s cannot be added', p_source), detail = v_fault;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('shop.source.' || p_source, 0));
    select s.*, u.country into v_found
    from shop.source s join shop.suppliers u using (supplier_id) where s.source = p_source;
    if found then
        if (v_found.currency, v_found.time_zone, v_found.country) is distinct from (p_currency, p_time_zone, v_country) then
            raise exception using errcode = 'EM501', message = format('source %s is there with other values', p_source),
                detail = format('currency %s, country %s, time zone %s', v_found.currency, v_found.country, v_found.time_zone),
                hint = 'what has been taken was read by these; add another source';
        end if;
        return;
    end if;
    insert into shop.suppliers (company_name, country, lead_time) values (p_source, v_country, 0)
    returning supplier_id into v_supplier;
    insert into shop.source (source, currency, time_zone, supplier_id) values (p_source, p_currency, p_time_zone, v_supplier);
end
$$;

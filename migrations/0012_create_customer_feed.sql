-- Customers as they come from the topic customers: landed as bytes, judged, then the newest state of each wins.
create table staging.shop_customer (
    batch_id bigint not null,
    position bigint not null,
    slot smallint not null,
    defect text,
    message_key bytea,
    origin text,
    payload bytea not null
) partition by list (slot);
comment on table staging.shop_customer is 'messages of topic customers as landed; personal data; emptied by rotation';
comment on column staging.shop_customer.position is 'offset of the message; batch_id tells cluster and partition (ops.kafka_batch)';
comment on column staging.shop_customer.defect is 'what is wrong with the bytes themselves, null when nothing is';
comment on column staging.shop_customer.message_key is 'key of the message, null for none';
comment on column staging.shop_customer.origin is 'where a dead letter that was sent back in came from, by its header; else null';
comment on column staging.shop_customer.payload is 'original bytes; empty for a tombstone, whose defect says so';

create table staging.shop_customer_0 (like staging.shop_customer including all);
create table staging.shop_customer_1 (like staging.shop_customer including all);
create table staging.shop_customer_2 (like staging.shop_customer including all);
alter table staging.shop_customer attach partition staging.shop_customer_0 for values in (0);
alter table staging.shop_customer attach partition staging.shop_customer_1 for values in (1);
alter table staging.shop_customer attach partition staging.shop_customer_2 for values in (2);
create index shop_customer_batch_id_idx on staging.shop_customer using brin (batch_id) with (pages_per_range = 16);

create table shop.customer_event (
    customer_id bigint not null,
    event_time timestamptz not null,
    digest uuid not null,
    batch_id bigint not null,
    position bigint not null,
    constraint customer_event_pkey primary key (customer_id, event_time, digest)
);
create index customer_event_batch_id_idx on shop.customer_event using brin (batch_id) with (pages_per_range = 16);
comment on table shop.customer_event is
    'every accepted message about a customer, once: what proves that none is lost or doubled; newer ones made the row in shop.customers';
comment on column shop.customer_event.event_time is 'when it happened, by the message';
comment on column shop.customer_event.digest is 'MD5 of the values as they were accepted: the same event again is a duplicate, another of the same time a conflict';
comment on column shop.customer_event.position is 'offset of the message; ops.kafka_batch tells its cluster and partition';

create table shop.customer_version (
    customer_id bigint constraint customer_version_pkey primary key,
    event_time timestamptz not null,
    partition integer not null,
    position bigint not null,
    batch_id bigint not null
) with (fillfactor = 50);  -- room for a row's next version on its page: no index is touched then (HOT)
alter table shop.customers set (fillfactor = 80);
comment on table shop.customer_version is
    'which message the row of a customer stands by: a later one has a greater (event_time, partition, position). Stays when the customer goes, so that an old message does not bring him back';

create type shop.customer_judgement as (
    defect text,
    failures text,
    clean boolean,
    customer_id bigint,
    event_time timestamptz,
    first_name text,
    last_name text,
    age integer,
    email text,
    country text,
    city text,
    postal_code text,
    phone_number text,
    registration_date timestamptz,
    last_login_date timestamptz
);
comment on type shop.customer_judgement is 'what shop.judged_customer() makes of one message; no table has it';

insert into ops.feed (feed, staging_table, promote_function, stored_table, columns, commutes, topic) values
    ('shop.customer', 'shop_customer', 'shop.promote_customers', 'shop.customer_event',
     '{customer_id,first_name,last_name,age,email,country,city,postal_code,phone_number,registration_date,last_login_date,event_time}',
     true, 'customers');

insert into ops.setting (name, value, meaning) values
    ('customers.clock_skew', '1 hour', 'how far ahead of its batch''s landing a time in a customer message may lie, an interval'),
    ('customers.earliest', '2000-01-01', 'times in customer messages before this UTC day are refused, a date; birthdays are not meant');

alter table shop.country add column trunk_prefix text
    constraint country_trunk_prefix_check check (trunk_prefix in ('', '0', '1', '8', '06'));
comment on column shop.country.trunk_prefix is
    'what is dialled before a national telephone number and left out behind the calling code; empty where numbers themselves may begin with 0, which stays (Italy); null where national numbers cannot be told. PyPI phonenumbers 9.0, 2026';
update shop.country c
set trunk_prefix = p.prefix
from (values
    ('0', 'AE AF AL AM AR AT AU AX AZ BA BD BE BG BL BO BR CC CD CH CN CO CU CX DE DZ EC EG EH ER ET FI FR GB GE GF GG
      GH GP HR ID IE IL IM IN IQ IR JE JO JP KE KG KH KI KP KR LA LB LI LK LR LT LY MA MC MD ME MF MG MK MM MN MQ
      MW MY NA NG NL NP NZ PE PH PK PM PS PY RE RO RS RW SA SD SE SI SK SL SO SS SY TH TR TW TZ UA UG UY VE VN YE
      YT ZA ZM ZW'),
    ('1', 'AG AI AS BB BM BS CA DM DO GD GU JM KN KY LC MH MP MS PR SX TC TT US VC VG VI'),
    ('8', 'BY KZ RU TM'),
    ('06', 'HU'),
    ('', 'BF BJ BW BZ CG CI FJ GA IT MO NC NE NO QA SJ SM SZ TJ TO VA')
) as p (prefix, countries)
where c.country = any (regexp_split_to_array(p.countries, '\s+'));

insert into ops.rule (feed, code, severity, reason, remedy) values
    ('*', 'tombstone', 'error', 'the message has no value: it asks for its key to be deleted', 'erase a person by the platform''s own way; a topic cannot'),
    ('*', 'empty_payload', 'error', 'the message is empty', 'send one JSON object a message'),
    ('shop.customer', 'record_too_large', 'error', 'the message is larger than 1 MiB', 'send what belongs to a customer, and no more'),
    ('*', 'returned_dead_letter', 'info', 'a dead letter that was sent back in has failed again', 'none: its first reject stands; mend what the other codes say and send it again'),
    ('shop.customer', 'duplicate_event', 'info', 'the same event has been stored already', 'none: nothing is lost'),
    ('shop.customer', 'key_mismatch', 'error', 'the key of the message is not its customer_id', 'send customer_id in decimal as the key: it keeps a customer''s messages in order'),
    ('shop.customer', 'customer_id_missing', 'error', 'the customer_id is missing', 'send a JSON number'),
    ('shop.customer', 'customer_id_malformed', 'error', 'the customer_id is not a whole JSON number', 'send a JSON number without quotes, point and exponent'),
    ('shop.customer', 'customer_id_out_of_range', 'error', 'the customer_id is not between 1 and 9223372036854775807', 'mend it at the source'),
    ('shop.customer', 'event_time_missing', 'error', 'the event_time is missing', 'say when it happened: newest wins by it'),
    ('shop.customer', 'event_time_malformed', 'error', 'the event_time is not a time with an offset', 'send ISO 8601 with an offset or Z: 2026-03-01T10:11:12Z, 2026-03-01T12:11:12.5+02:00'),
    ('shop.customer', 'event_time_in_future', 'error', 'the event_time lies in the future', 'set the sender''s clock; see ops.setting customers.clock_skew'),
    ('shop.customer', 'event_time_too_old', 'error', 'the event_time is too long ago', 'see ops.setting customers.earliest'),
    ('shop.customer', 'first_name_type', 'error', 'the first name is not a JSON string', 'send a string, or null'),
    ('shop.customer', 'first_name_too_long', 'error', 'the first name has more than 200 characters', 'shorten it'),
    ('shop.customer', 'first_name_characters', 'error', 'the first name holds control characters', 'remove them'),
    ('shop.customer', 'last_name_missing', 'error', 'the last name is missing', 'send one; a person of one name has it as last name'),
    ('shop.customer', 'last_name_type', 'error', 'the last name is not a JSON string', 'send a string, or null'),
    ('shop.customer', 'last_name_too_long', 'error', 'the last name has more than 200 characters', 'shorten it'),
    ('shop.customer', 'last_name_characters', 'error', 'the last name holds control characters', 'remove them'),
    ('shop.customer', 'email_missing', 'error', 'the e-mail is missing', 'send one'),
    ('shop.customer', 'email_type', 'error', 'the e-mail is not a JSON string', 'send a string'),
    ('shop.customer', 'email_malformed', 'error', 'the e-mail is malformed', 'send local@domain.tld'),
    ('shop.customer', 'country_missing', 'error', 'the country is missing', 'send ISO 3166-1 alpha-2, alpha-3 or a name'),
    ('shop.customer', 'country_type', 'error', 'the country is not a JSON string', 'send a string'),
    ('shop.customer', 'country_unknown', 'error', 'the country is not known', 'send ISO 3166-1 alpha-2; names that are understood are in shop.country_alias'),
    ('shop.customer', 'age_malformed', 'error', 'the age is not a whole JSON number', 'send completed years, or null'),
    ('shop.customer', 'age_impossible', 'error', 'the age, as sent or on the day of registration, is not between 0 and 130', 'mend it at the source'),
    ('shop.customer', 'date_of_birth_malformed', 'error', 'the date of birth is not a day YYYY-MM-DD', 'send a string, or null'),
    ('shop.customer', 'date_of_birth_in_future', 'error', 'the date of birth lies in the future', 'mend it at the source'),
    ('shop.customer', 'phone_number_type', 'error', 'the telephone number is not a JSON string', 'send a string, or null'),
    ('shop.customer', 'phone_not_e164', 'error', 'the telephone number cannot be read as an international one', 'send E.164: + and country code, 7 to 15 digits'),
    ('shop.customer', 'city_type', 'error', 'the city is not a JSON string', 'send a string, or null'),
    ('shop.customer', 'city_too_long', 'error', 'the city has more than 200 characters', 'shorten it'),
    ('shop.customer', 'city_characters', 'error', 'the city holds control characters', 'remove them'),
    ('shop.customer', 'postal_code_type', 'error', 'the postal code is not a JSON string', 'send a string, or null'),
    ('shop.customer', 'postal_code_too_long', 'error', 'the postal code has more than 32 characters', 'shorten it'),
    ('shop.customer', 'postal_code_characters', 'error', 'the postal code holds control characters', 'remove them'),
    ('shop.customer', 'registration_date_missing', 'error', 'the registration_date is missing', 'send when the account was made'),
    ('shop.customer', 'registration_date_malformed', 'error', 'the registration_date is not a time with an offset', 'send ISO 8601 with an offset or Z: 2026-03-01T10:11:12Z, 2026-03-01T12:11:12.5+02:00'),
    ('shop.customer', 'registration_date_in_future', 'error', 'the registration_date lies in the future', 'set the sender''s clock; see ops.setting customers.clock_skew'),
    ('shop.customer', 'registration_date_too_old', 'error', 'the registration_date is too long ago', 'see ops.setting customers.earliest'),
    ('shop.customer', 'last_login_date_malformed', 'error', 'the last_login_date is not a time with an offset', 'send ISO 8601 with an offset or Z: 2026-03-01T10:11:12Z, 2026-03-01T12:11:12.5+02:00, or null'),
    ('shop.customer', 'last_login_date_in_future', 'error', 'the last_login_date lies in the future', 'set the sender''s clock; see ops.setting customers.clock_skew'),
    ('shop.customer', 'last_login_date_before_registration', 'error', 'the last login lies before the registration', 'mend it at the source');

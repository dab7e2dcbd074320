create table membership.policy (
    version integer generated always as identity constraint policy_pkey primary key,
    as_of date not null,
    adult_rule text not null
        constraint policy_adult_rule_check check (adult_rule in ('over_18', 'at_least_18', 'turned_19')),
    email_domains text[] not null constraint policy_email_domains_check check (
        cardinality(email_domains) > 0 and array_position(email_domains, null) is null
        and array_to_string(email_domains, ',') = lower(array_to_string(email_domains, ','))
        and strpos(array_to_string(email_domains, ','), '\') = 0),
    mobile_white_space text not null
        constraint policy_mobile_white_space_check check (mobile_white_space in ('ignored', 'fails')),
    date_formats text[] not null,
    earliest_birthday date
        constraint policy_earliest_birthday_check check (earliest_birthday >= date '1000-01-01'),
    born_before date not null generated always as (
        case adult_rule
            when 'over_18' then (as_of - interval '18 years')::date
            when 'at_least_18' then (as_of - interval '18 years')::date + 1
            else (as_of - interval '19 years')::date + 1
        end) stored,
    note text not null default '',
    created_at timestamptz not null default now(),
    created_by name not null default session_user,
    constraint policy_date_formats_check check (
        cardinality(date_formats) > 0
        and date_formats <@ '{YYYY-MM-DD,YYYY/MM/DD,YYYY.MM.DD,YYYYMMDD,MM/DD/YYYY,DD/MM/YYYY,MM-DD-YYYY,DD-MM-YYYY,DD.MM.YYYY,MM.DD.YYYY}'
        and not date_formats @> '{MM/DD/YYYY,DD/MM/YYYY}'
        and not date_formats @> '{MM-DD-YYYY,DD-MM-YYYY}'
        and not date_formats @> '{MM.DD.YYYY,DD.MM.YYYY}')
);
comment on table membership.policy is
    'how applications are read, a version a row; rows never change, membership.set_policy() makes the next one';
comment on column membership.policy.as_of is 'day on which age is counted';
comment on column membership.policy.adult_rule is
    'over_18: born strictly before as_of minus 18 years; at_least_18: on that day, too; turned_19: the 19th birthday has come';
comment on column membership.policy.email_domains is 'LIKE patterns for the domain in lower case: %.com, emailprovider.com';
comment on column membership.policy.mobile_white_space is 'white space inside a mobile number: ignored, or fails';
comment on column membership.policy.date_formats is 'formats read, at most one of a shape, so that no date is guessed row by row';
comment on column membership.policy.earliest_birthday is 'birthdays before it are refused as implausible; null: none is';
comment on column membership.policy.born_before is 'a birthday before this day makes an adult; follows from as_of and adult_rule';

insert into membership.policy (as_of, adult_rule, email_domains, mobile_white_space, date_formats, note) values
    ('2022-01-01', 'over_18', '{%.com,%.net}', 'ignored', '{YYYY-MM-DD,YYYY/MM/DD,MM/DD/YYYY,DD-MM-YYYY}', 'the first reading');

create table membership.member (
    membership_id text generated always as (
        membership.id_of(membership.plain_id(last_name, date_of_birth), ordinal)) stored
        constraint member_pkey primary key,
    plain_id text not null generated always as (membership.plain_id(last_name, date_of_birth)) stored,
    ordinal integer not null default 1 constraint member_ordinal_check check (ordinal >= 1),
    first_name text not null,
    last_name text not null constraint member_last_name_check check (membership.name_rule(last_name) = ''),
    email text not null constraint member_email_check check (membership.email_rule(email) = ''),
    date_of_birth date not null
        constraint member_date_of_birth_check check (date_of_birth >= date '1000-01-01' and date_of_birth <= date '9999-12-31'),
    mobile_no text not null constraint member_mobile_no_check check (membership.mobile_rule(mobile_no) = ''),
    above_18 boolean not null,
    policy_version integer not null,
    run_id bigint,
    batch_id bigint,
    position bigint,
    line bigint,
    created_at timestamptz not null default now(),
    constraint member_batch_id_position_key unique (batch_id, position),
    constraint member_plain_id_ordinal_key unique (plain_id, ordinal)
);
create unique index member_email_date_of_birth_key on membership.member (lower(email), date_of_birth);
comment on table membership.member is 'successful applicants; personal data';
comment on column membership.member.membership_id is 'plain_id, with -2, -3 for further people of the same plain_id; holds a surname: personal data';
comment on column membership.member.plain_id is 'last name, _, first 5 hex digits of SHA-256 of the birthday YYYYMMDD';
comment on column membership.member.first_name is 'first and middle names; empty for one-word names';
comment on column membership.member.last_name is 'last name without titles and suffixes; the whole of a one-word name';
comment on column membership.member.email is 'trimmed; compared without regard to case';
comment on column membership.member.mobile_no is '8 digits';
comment on column membership.member.above_18 is 'adult by the policy version; a member always is';
comment on column membership.member.policy_version is
    'the membership.policy it was judged by; held by trigger t100_policy, a foreign key would cost more than all rules together';
comment on column membership.member.run_id is 'the run that stored it; null when it was written by hand';
comment on column membership.member.position is 'ordinal in the file, see ops.provenance()';

create type membership.candidate as (
    position bigint, line bigint, defect text, fields text[], payload bytea,
    name text, email text, date_of_birth date, mobile_no text
);
comment on type membership.candidate is 'an application that passed every rule of one row; not yet compared with members';

insert into ops.rule (feed, code, severity, reason, remedy) values
    ('*', 'invalid_utf8', 'error', 'the record is not UTF-8', 'convert the file, for example: iconv -f latin1 -t utf-8'),
    ('*', 'nul_byte', 'error', 'the record holds a NUL byte', 'remove it at the source'),
    ('*', 'open_quote', 'error', 'a quote is opened and never closed', 'close it, or double it inside a quoted field'),
    ('*', 'stray_quote', 'error', 'something follows a closing quote', 'double quotes inside a quoted field'),
    ('*', 'record_too_large', 'error', 'the record is larger than the limit; only its beginning is kept', 'see emporium load files --max-record'),
    ('*', 'too_many_fields', 'error', 'the record has far too many fields', 'check the delimiter'),
    ('*', 'invalid_json', 'error', 'the record is not JSON (RFC 8259)', 'mend it at the source'),
    ('*', 'duplicate_key', 'error', 'the record names a key twice', 'name each key once'),
    ('*', 'json_depth', 'error', 'the record is nested too deep', 'flatten it'),
    ('*', 'json_elements', 'error', 'the record has too many elements', 'split it'),
    ('*', 'json_number', 'error', 'the record holds a number out of range', 'send it as a string'),
    ('*', 'json_escape', 'error', 'the record holds a lone surrogate', 'escape the pair'),
    ('*', 'not_an_object', 'error', 'the record is JSON, but no object', 'send one object a record'),
    ('*', 'column_count', 'error', 'the record has not as many fields as the header', 'quote fields that hold the delimiter'),
    ('*', 'constraint_violation', 'error', 'a constraint of the table refused the row', 'see the reason''s end'),
    ('membership.application', 'name_missing', 'error', 'the name is missing', 'send a name'),
    ('membership.application', 'email_missing', 'error', 'the e-mail is missing', 'send an e-mail'),
    ('membership.application', 'email_malformed', 'error', 'the e-mail is malformed', 'send local@domain.tld'),
    ('membership.application', 'email_provider', 'error', 'the e-mail is not at an accepted provider', 'see membership.policy.email_domains'),
    ('membership.application', 'date_of_birth_missing', 'error', 'the date of birth is missing', 'send one'),
    ('membership.application', 'date_of_birth_format', 'error', 'the date of birth is in none of the accepted formats', 'see membership.policy.date_formats'),
    ('membership.application', 'date_of_birth_impossible', 'error', 'the date of birth is not in the calendar', 'mend it at the source'),
    ('membership.application', 'date_of_birth_implausible', 'error', 'the date of birth is too long ago', 'see membership.policy.earliest_birthday'),
    ('membership.application', 'not_over_18', 'error', 'the applicant is not over 18 on the policy''s day', 'apply again when of age'),
    ('membership.application', 'mobile_missing', 'error', 'the mobile number is missing', 'send one'),
    ('membership.application', 'mobile_not_8_digits', 'error', 'the mobile number does not have 8 digits', 'send 8 digits'),
    ('membership.application', 'duplicate_member', 'info', 'the same person (e-mail and birthday) is a member already', 'none: nothing is lost');

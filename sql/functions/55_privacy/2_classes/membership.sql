-- What every column of schema membership is. A line that goes from here goes from the table.
with listed (table_name, column_name, class, mask, purpose, retention) as (values
    ('member', 'membership_id', 'personal', 'key', 'knowing members apart and reaching them', '3 years'),
    ('member', 'plain_id', 'sensitive', 'null', 'a surname and a guessable hash of the birthday; part of membership_id', '3 years'),
    ('member', 'ordinal', 'personal', 'null', 'tells people of one plain_id apart; part of membership_id', '3 years'),
    ('member', 'first_name', 'personal', 'null', 'knowing members apart and reaching them', '3 years'),
    ('member', 'last_name', 'personal', 'null', 'knowing members apart and reaching them', '3 years'),
    ('member', 'email', 'sensitive', 'domain', 'knowing members apart and reaching them', '3 years'),
    ('member', 'date_of_birth', 'sensitive', 'year', 'membership is for adults', '3 years'),
    ('member', 'mobile_no', 'sensitive', 'null', 'knowing members apart and reaching them', '3 years'),
    ('member', 'above_18', 'personal', 'clear', 'membership status', '3 years'),
    ('member', 'policy_version', 'personal', 'clear', 'membership status by policy', '3 years'),
    ('member', 'run_id', 'personal', 'clear', 'which load the member came with', '3 years'),
    ('member', 'batch_id', 'personal', 'clear', 'which load the member came with', '3 years'),
    ('member', 'position', 'personal', 'null', 'the place in the file, which leads to the person', '3 years'),
    ('member', 'line', 'personal', 'null', 'the place in the file, which leads to the person', '3 years'),
    ('member', 'created_at', 'personal', 'clear', 'members over time', '3 years'),
    ('member', 'member_key', 'personal', 'clear', 'a random pseudonym: stands for the membership_id', '3 years'),
    ('policy', 'version', 'not_personal', 'clear', '', null),
    ('policy', 'as_of', 'not_personal', 'clear', '', null),
    ('policy', 'adult_rule', 'not_personal', 'clear', '', null),
    ('policy', 'email_domains', 'not_personal', 'clear', '', null),
    ('policy', 'mobile_white_space', 'not_personal', 'clear', '', null),
    ('policy', 'date_formats', 'not_personal', 'clear', '', null),
    ('policy', 'earliest_birthday', 'not_personal', 'clear', '', null),
    ('policy', 'born_before', 'not_personal', 'clear', '', null),
    ('policy', 'note', 'not_personal', 'clear', '', null),
    ('policy', 'created_at', 'not_personal', 'clear', '', null),
    ('policy', 'created_by', 'personal', 'null', 'knowing who on our side did it', '2 years')
), gone as (
    delete from privacy.column_class k
    where k.schema_name = 'membership'
        and not exists (select from listed l where (l.table_name, l.column_name) = (k.table_name, k.column_name))
)
insert into privacy.column_class as k (schema_name, table_name, column_name, class, mask, purpose, retention)
select 'membership', table_name, column_name, class::privacy.data_class, mask, purpose, retention::interval from listed
on conflict on constraint column_class_pkey do update
set class = excluded.class, mask = excluded.mask, purpose = excluded.purpose, retention = excluded.retention
where (k.class, k.mask, k.purpose, k.retention)
    is distinct from (excluded.class, excluded.mask, excluded.purpose, excluded.retention);

select privacy.make_masked_views();

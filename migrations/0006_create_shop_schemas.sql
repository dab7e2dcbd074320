create schema shop;
create schema analytics;
create schema privacy;

comment on schema shop is 'what is sold, to whom, and what became of it';
comment on schema analytics is 'the masked reading of everything: what analysts see; made from privacy.column_class';
comment on schema privacy is 'what is personal data, how it is masked, what for and for how long it is kept';

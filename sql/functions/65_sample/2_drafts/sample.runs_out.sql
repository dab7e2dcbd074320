create or replace function sample.runs_out(p_seed bigint, p_product integer) returns boolean
language sql immutable parallel safe
begin atomic
    select sample.uniform(sample.hash(p_seed, p_product, 74)) < 0.08;
end;
comment on function sample.runs_out is 'whether a product is among those that are nearly sold out at the end';

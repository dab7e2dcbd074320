create or replace function sample.product_sold(p_product integer, p_month integer, p_months integer) returns integer
language sql immutable parallel safe
begin atomic
    select case when p_product % 97 = 13 and p_month >= p_months - 1 - p_product / 97 % 13
        then case when p_product > 40 then p_product - 40 else p_product + 40 end else p_product end;
end;
comment on function sample.product_sold is 'the product itself, or its neighbour of the same kind once it has retired';

-- Puts back what scripts/mysql/delete_duplicate_orders.sql has removed: orders under their numbers, their lines, and the stock that
-- they hold; all of it or nothing. See docs/duplicate-orders.md.
--     mysql --init-command='set @removal_id = 1' orders <scripts/mysql/restore_orders.sql
-- Each step is counted as in that script, and committed is all or nothing. Errors: 1048 for a removal that is unknown or was
-- restored already, and for stock that is no longer there (the products are listed before); 1062 where an order of that number is there.
set session sql_mode = 'STRICT_ALL_TABLES';
set session transaction isolation level read committed;
drop temporary table if exists removal_check;
create temporary table removal_check (  -- null is refused, with the name of the column
    removal_that_is_there_and_not_restored int not null,
    stock_that_is_still_there int not null
) engine = InnoDB;

set @found = null, @short = null;
start transaction;
-- Held until the end: who restores the same removal meanwhile waits, and is refused then.
select count(*) into @found from order_removal where removal_id = @removal_id and restored_at is null for update;
insert into removal_check values (if(@found = 1, 1, null), 1);

-- Products whose stock is less than what the orders hold: none, or the next statement ends it.
select p.product_id, n.quantity as needed, p.units_in_stock as there
from products p
join (
    select l.product_id, sum(l.quantity) as quantity
    from order_removal_line l
    join order_removal_order r on r.removal_id = l.removal_id and r.order_id = l.order_id
    where l.removal_id = @removal_id and r.status <> 'returned'
    group by l.product_id
) n on n.product_id = p.product_id
where p.units_in_stock < n.quantity;

update products p
join (
    select l.product_id, sum(l.quantity) as quantity
    from order_removal_line l
    join order_removal_order r on r.removal_id = l.removal_id and r.order_id = l.order_id
    where l.removal_id = @removal_id and r.status <> 'returned'
    group by l.product_id
) n on n.product_id = p.product_id
set p.units_in_stock = p.units_in_stock - n.quantity;
-- The update holds the products; what has fallen below zero is taken back with all the rest.
select count(*) into @short
from products p
join order_removal_line l on l.product_id = p.product_id
where l.removal_id = @removal_id and p.units_in_stock < 0;
insert into removal_check values (1, if(@short = 0, 1, null));

insert into orders (order_id, customer_id, employee_id, order_date, paid_date, shipped_date, status, payment_method)
select order_id, customer_id, employee_id, order_date, paid_date, shipped_date, status, payment_method
from order_removal_order
where removal_id = @removal_id;
set @restored = row_count();
insert into order_details (order_id, line_no, product_id, quantity, unit_price, discount)
select order_id, line_no, product_id, quantity, unit_price, discount
from order_removal_line
where removal_id = @removal_id;
set @restored_lines = row_count();

-- The copies go, the book of the removal stays.
delete from order_removal_line where removal_id = @removal_id;
delete from order_removal_order where removal_id = @removal_id;
update order_removal set restored_at = current_timestamp, restored_by = session_user() where removal_id = @removal_id;
set @booked = row_count();

set @complete = (
    select @found = 1 and @short = 0 and @booked = 1 and @restored = b.orders and @restored_lines = b.order_lines
        and not exists (select 1 from order_removal_order r where r.removal_id = b.removal_id)
    from order_removal b
    where b.removal_id = @removal_id);
set @ending = if(@complete, 'commit', 'do 0');
prepare ending from @ending;
execute ending;
deallocate prepare ending;
rollback;  -- what was not committed

select * from order_removal where removal_id = @removal_id;
drop temporary table removal_check;
set @removal_id = null;

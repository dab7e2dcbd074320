-- Duplicate orders in a database of scripts/mysql/schema.sql, on MySQL 8 or MariaDB 10.5 and later: lists them, and removes them
-- with their lines in one transaction. It says the same as shop.remove_duplicate_orders() in PostgreSQL; docs/duplicate-orders.md
-- explains both. What was removed is kept in three tables, and scripts/mysql/restore_orders.sql puts it back.
--     mysql orders <scripts/mysql/delete_duplicate_orders.sql                    lists alone
--     mysql --init-command="set @scope = 'all', @same = 'content', @dry_run = 0" orders <scripts/mysql/delete_duplicate_orders.sql
-- Each step is counted, and only where each has changed what it should the transaction is committed: also a client that goes on after
-- an error (--force, or `source` at its prompt) leaves all as it was.
set @scope = coalesce(@scope, 'latest date of each customer');  -- or 'all': every day of a customer
set @same = coalesce(@same, 'day');                             -- or 'content': the same lines, too
set @dry_run = coalesce(@dry_run, 1);                           -- 0 removes

-- A word that is unknown is an error (strict), not an empty one. A day 0000-00-00 that is there is none (no NO_ZERO_DATE,
-- which is on by default in MySQL 8). The comparison of lines must not be cut off. Each statement sees what was committed before
-- it, and locks nothing but the rows that it is asked to.
set session sql_mode = 'STRICT_ALL_TABLES';
set session group_concat_max_len = 16777216;
set session transaction isolation level read committed;

-- Making a table ends a transaction, so they are made before it begins.
create table if not exists order_removal (
    removal_id int unsigned not null auto_increment,
    scope enum('latest date of each customer', 'all') not null,
    same enum('day', 'content') not null,
    orders int unsigned not null,
    order_lines int unsigned not null,
    pieces int unsigned not null,               -- that went back to stock
    amount decimal(14, 2) not null,
    removed_at datetime not null default current_timestamp,
    removed_by varchar(300) not null,
    restored_at datetime,
    restored_by varchar(300),
    primary key (removal_id)
) engine = InnoDB default charset = utf8mb4;

create table if not exists order_removal_order (
    removal_id int unsigned not null,
    order_id int unsigned not null,
    kept_order_id int unsigned not null,
    customer_id int unsigned not null,
    employee_id int unsigned,
    order_date date not null,
    paid_date date,
    shipped_date date,
    status enum('new', 'paid', 'shipped', 'delivered', 'returned', 'cancelled') not null,
    payment_method enum('card', 'paypal', 'bank_transfer', 'invoice', 'wallet', 'cash_on_delivery'),
    primary key (removal_id, order_id),
    constraint order_removal_order_removal_id_fkey foreign key (removal_id) references order_removal (removal_id)
) engine = InnoDB default charset = utf8mb4;

create table if not exists order_removal_line (
    removal_id int unsigned not null,
    order_id int unsigned not null,
    line_no smallint unsigned not null,
    product_id int unsigned not null,
    quantity int not null,
    unit_price decimal(12, 2) not null,
    discount decimal(12, 2) not null,
    primary key (removal_id, order_id, line_no),
    constraint order_removal_line_order_id_fkey foreign key (removal_id, order_id) references order_removal_order (removal_id, order_id)
) engine = InnoDB default charset = utf8mb4;

drop temporary table if exists removal_choice, removal_candidate, removal_duplicate, removal_reference;
create temporary table removal_choice (
    scope enum('latest date of each customer', 'all') not null,
    same enum('day', 'content') not null,
    dry_run tinyint(1) not null
) engine = InnoDB default charset = utf8mb4;
insert into removal_choice values (@scope, @same, @dry_run);
create temporary table removal_candidate (order_id int unsigned not null primary key) engine = InnoDB;
create temporary table removal_duplicate (
    order_id int unsigned not null primary key,
    kept_order_id int unsigned not null
) engine = InnoDB;
create temporary table removal_reference (
    order_id int unsigned not null,
    reason varchar(300) not null,
    primary key (order_id, reason)
) engine = InnoDB default charset = utf8mb4;

start transaction;

-- Orders that share their day with another one of the customer are held until the end: both the duplicates and those that stay.
insert into removal_candidate (order_id)
select o.order_id
from orders o
where exists (
    select 1 from orders d
    where d.customer_id = o.customer_id and d.order_date = o.order_date and d.order_id <> o.order_id)
order by o.order_id
for update;

insert into removal_duplicate (order_id, kept_order_id)
with counted as (
    -- Orders that are one: not cancelled, with lines, of a day that exists (0000-00-00 is none).
    select o.order_id, o.customer_id, o.order_date
    from orders o
    where o.status <> 'cancelled' and o.order_date >= '1000-01-01'
        and exists (select 1 from order_details d where d.order_id = o.order_id)
),
product as (
    -- A product that stands in an order twice counts as one line: quantities added up, the highest price, the rest as discount.
    select d.order_id, d.product_id, sum(d.quantity) as quantity, max(d.unit_price) as unit_price,
        sum(d.quantity) * max(d.unit_price) - sum(d.quantity * d.unit_price - d.discount) as discount
    from order_details d
    join removal_candidate c on c.order_id = d.order_id
    group by d.order_id, d.product_id
),
content as (
    select p.order_id, group_concat(concat_ws(' ', p.product_id, p.quantity, p.unit_price, p.discount) order by p.product_id separator ';') as said
    from product p
    group by p.order_id
),
compared as (
    select o.order_id, min(o.order_id) over (partition by o.customer_id, o.order_date, if(@same = 'content', c.said, '')) as kept_order_id
    from counted o
    join content c on c.order_id = o.order_id
    join (select customer_id, max(order_date) as latest from counted group by customer_id) l on l.customer_id = o.customer_id
    where @scope = 'all' or o.order_date = l.latest
)
select order_id, kept_order_id from compared where order_id <> kept_order_id and exists (select 1 from removal_choice);

-- Tables of others with a foreign key to orders or to their lines: what they refer to stays. The statement is made from the catalog.
set @references = (
    select group_concat(concat(
        'select x.`', replace(k.column_name, '`', '``'), '`, ', quote(concat(k.table_schema, '.', k.table_name, ' refers to it')),
        ' from `', replace(k.table_schema, '`', '``'), '`.`', replace(k.table_name, '`', '``'), '` x',
        ' where x.`', replace(k.column_name, '`', '``'), '` is not null') separator ' union ')
    from information_schema.key_column_usage k
    where k.referenced_table_schema = database() and k.referenced_table_name in ('orders', 'order_details') and k.referenced_column_name = 'order_id'
        and not (k.table_schema = database() and k.table_name = 'order_details'));
set @references = concat('insert into removal_reference (order_id, reason) ', coalesce(@references, 'select 0, '''' from removal_choice where false'));
prepare find_references from @references;
execute find_references;
deallocate prepare find_references;

insert into order_removal (scope, same, orders, order_lines, pieces, amount, removed_by)
select @scope, @same, count(distinct o.order_id), count(*), sum(if(o.status = 'returned', 0, d.quantity)),
    sum(d.quantity * d.unit_price - d.discount), session_user()
from removal_duplicate x
join orders o on o.order_id = x.order_id
join order_details d on d.order_id = o.order_id
where exists (select 1 from removal_choice where dry_run = 0) and not exists (select 1 from removal_reference r where r.order_id = x.order_id)
having count(*) > 0;
set @removal_id = if(row_count() > 0, last_insert_id(), null);

-- The list.
select x.order_id, x.kept_order_id, o.customer_id, o.order_date as day, t.total_amount, t.order_lines,
    case when r.reason is not null then concat('kept: ', r.reason) when @dry_run = 0 then 'removed' else 'would be removed' end as action,
    if(r.reason is null, @removal_id, null) as removal_id
from removal_duplicate x
join orders o on o.order_id = x.order_id
join (
    select d.order_id, sum(d.quantity * d.unit_price - d.discount) as total_amount, count(*) as order_lines from order_details d group by d.order_id
) t on t.order_id = x.order_id
left join (select order_id, group_concat(reason order by reason separator '; ') as reason from removal_reference group by order_id) r on r.order_id = x.order_id
order by x.order_id;

-- What is needed to put them back. In a dry run, or where there is nothing to remove, @removal_id is null and no row is touched.
insert into order_removal_order (removal_id, order_id, kept_order_id, customer_id, employee_id, order_date, paid_date, shipped_date, status, payment_method)
select @removal_id, o.order_id, x.kept_order_id, o.customer_id, o.employee_id, o.order_date, o.paid_date, o.shipped_date, o.status, o.payment_method
from removal_duplicate x
join orders o on o.order_id = x.order_id
where @removal_id is not null and not exists (select 1 from removal_reference r where r.order_id = x.order_id);
set @copied = row_count();
insert into order_removal_line (removal_id, order_id, line_no, product_id, quantity, unit_price, discount)
select r.removal_id, d.order_id, d.line_no, d.product_id, d.quantity, d.unit_price, d.discount
from order_removal_order r
join order_details d on d.order_id = r.order_id
where r.removal_id = @removal_id;
set @copied_lines = row_count();

-- Stock comes back; that of a returned order has come already.
update products p
join (
    select l.product_id, sum(l.quantity) as quantity
    from order_removal_line l
    join order_removal_order r on r.removal_id = l.removal_id and r.order_id = l.order_id
    where l.removal_id = @removal_id and r.status <> 'returned'
    group by l.product_id
) b on b.product_id = p.product_id
set p.units_in_stock = p.units_in_stock + b.quantity;
set @stocked = row_count();

-- Lines before their order: the foreign key between them stays on.
delete d from order_details d
join order_removal_order r on r.order_id = d.order_id
where r.removal_id = @removal_id;
set @removed_lines = row_count();
delete o from orders o
join order_removal_order r on r.order_id = o.order_id
where r.removal_id = @removal_id;
set @removed = row_count();

-- row_count() is -1 after an error. In a dry run there is no row of the book, and null is not true.
set @complete = (
    select b.orders = @copied and b.orders = @removed and b.order_lines = @copied_lines and b.order_lines = @removed_lines
        and @stocked = (
            select count(distinct l.product_id)
            from order_removal_line l
            join order_removal_order r on r.removal_id = l.removal_id and r.order_id = l.order_id
            where l.removal_id = @removal_id and r.status <> 'returned')
    from order_removal b
    where b.removal_id = @removal_id);
set @ending = if(@complete, 'commit', 'do 0');
prepare ending from @ending;
execute ending;
deallocate prepare ending;
rollback;  -- what was not committed

select * from order_removal where removal_id = @removal_id;
drop temporary table removal_choice, removal_candidate, removal_duplicate, removal_reference;
set @scope = null, @same = null, @dry_run = null;  -- so that the next call begins without them

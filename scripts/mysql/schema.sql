-- Order details of an order system on MySQL 8 or MariaDB 10.5 and later: what `emporium load database` reads. Run it in a
-- database of its own:
--     mysql --default-character-set=utf8mb4 orders <scripts/mysql/schema.sql
--     mysql --default-character-set=utf8mb4 orders <scripts/mysql/insert_data.sql
-- Days are dates: when in a day somebody ordered is not known to this system. Amounts are euros.
create table customers (
    customer_id int unsigned not null,
    first_name varchar(100),
    last_name varchar(100) not null,
    email varchar(254),
    phone varchar(40),
    address varchar(300),
    city varchar(100),
    postal_code varchar(20),
    country char(2),
    registered_on date,
    primary key (customer_id)
) engine = InnoDB default charset = utf8mb4;

create table employees (
    employee_id int unsigned not null,
    first_name varchar(100),
    last_name varchar(100) not null,
    title varchar(100),
    reports_to int unsigned,
    hired_on date,
    primary key (employee_id),
    constraint employees_reports_to_fkey foreign key (reports_to) references employees (employee_id)
) engine = InnoDB default charset = utf8mb4;

create table products (
    product_id int unsigned not null,
    name varchar(200) not null,
    category varchar(100) not null,
    price decimal(12, 2) not null,
    cost decimal(12, 2),
    units_in_stock int not null default 0,
    discontinued tinyint(1) not null default 0,
    primary key (product_id)
) engine = InnoDB default charset = utf8mb4;

create table orders (
    order_id int unsigned not null,
    customer_id int unsigned not null,
    employee_id int unsigned,
    order_date date not null,
    paid_date date,
    shipped_date date,
    status enum('new', 'paid', 'shipped', 'delivered', 'returned', 'cancelled') not null default 'new',
    payment_method enum('card', 'paypal', 'bank_transfer', 'invoice', 'wallet', 'cash_on_delivery'),
    primary key (order_id),
    key orders_customer_id_order_date_idx (customer_id, order_date),
    constraint orders_customer_id_fkey foreign key (customer_id) references customers (customer_id),
    constraint orders_employee_id_fkey foreign key (employee_id) references employees (employee_id)
) engine = InnoDB default charset = utf8mb4;

create table order_details (
    order_id int unsigned not null,
    line_no smallint unsigned not null,
    product_id int unsigned not null,
    quantity int not null,
    unit_price decimal(12, 2) not null,
    discount decimal(12, 2) not null default 0,  -- euros off the whole line
    primary key (order_id, line_no),
    constraint order_details_order_id_fkey foreign key (order_id) references orders (order_id),
    constraint order_details_product_id_fkey foreign key (product_id) references products (product_id)
) engine = InnoDB default charset = utf8mb4;

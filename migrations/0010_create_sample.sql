create schema sample;
comment on schema sample is 'makes up a shop: reproducible sample data and the report on it; the owner''s alone';

-- Work tables of sample.generate(): filled and emptied again within its transaction, so nobody else sees a row in them. They
-- are tables and not temporary ones, so that the functions can be checked before they run; unlogged, because nothing in them
-- lives on.
create unlogged table sample.calendar (
    day_no integer constraint calendar_pkey primary key,
    day date not null,
    orders_before bigint not null,
    orders integer not null,
    slots integer not null,
    slots_before integer not null,
    busy smallint not null
);
comment on table sample.calendar is 'the days that orders are placed on; empty but for while a shop is made';
comment on column sample.calendar.slots is 'slots of customers that have registered by that day; slots_before: that had three weeks earlier';
comment on column sample.calendar.busy is '2 on Black Friday and the days round it, 1 in December until Christmas, else 0';

create unlogged table sample.month (
    month_no integer constraint month_pkey primary key,
    starts_at timestamptz not null
);
comment on table sample.month is 'calendar months by UTC; prices and rates change when one begins; empty but for while a shop is made';

create unlogged table sample.rate (
    currency text not null,
    month_no integer not null,
    rate numeric not null,
    cents_factor double precision not null,
    unit numeric not null,
    drawn boolean not null,
    constraint rate_pkey primary key (currency, month_no)
);
comment on table sample.rate is 'rates by month; empty but for while a shop is made';
comment on column sample.rate.cents_factor is 'smallest units of the currency for one cent of the shop''s currency; unit is what one of them is worth';

create unlogged table sample.customer (
    customer_id bigint constraint customer_pkey primary key,
    first_name text not null,
    last_name text not null,
    email text not null,
    country text not null,
    currency text not null,
    zone text not null,
    distance integer not null,
    invoices double precision not null,
    city text not null,
    postal_code text not null,
    address text not null,
    phone_number text not null,
    registered_at timestamptz not null,
    registered_on date not null,
    date_of_birth date not null,
    is_member boolean not null,
    slots integer not null,
    slots_to integer not null
);
comment on table sample.customer is 'customers in the making; empty but for while a shop is made';
comment on column sample.customer.slots is 'how often the customer is entered into the draw of who orders';

create unlogged table sample.slot (
    slot integer not null,
    customer_id bigint not null
);
comment on table sample.slot is 'who the slots of the draw belong to; empty but for while a shop is made';

create unlogged table sample.product (
    product_id integer constraint product_pkey primary key,
    name text not null,
    noun text not null,
    category text not null,
    subcategory text not null,
    supplier_id bigint not null,
    cents integer[] not null,
    cost numeric not null,
    weight numeric,
    dimensions text,
    consumable boolean not null,
    quality double precision not null,
    retired_at timestamptz
);
comment on table sample.product is 'products in the making; empty but for while a shop is made';
comment on column sample.product.cents is 'price in cents by month_no';

create unlogged table sample.purchase (
    order_id bigint not null,
    customer_id bigint not null,
    ordered_at timestamptz not null,
    month_no integer not null,
    busy smallint not null,
    currency text not null,
    cents_factor double precision not null,
    unit numeric not null,
    address text not null,
    payment_method text not null,
    status shop.order_status not null,
    paid_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    returned_at timestamptz,
    cancelled_at timestamptz,
    products integer[] not null
);
comment on table sample.purchase is 'orders in the making; empty but for while a shop is made';
comment on column sample.purchase.products is 'what is drawn into the basket; one that is drawn twice counts once';

create unlogged table sample.aside (
    aside_id integer constraint aside_pkey primary key,
    restore text not null
);
comment on table sample.aside is 'statements that put back what sample.set_aside() took off the tables; empty but for while a shop is made';

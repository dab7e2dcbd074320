create or replace function sample.product_words() returns table (
    sort integer, category text, subcategory text, nouns text[], price_from numeric, price_to numeric,
    weight_from numeric, weight_to numeric, longest integer, popularity integer, companion integer, second_companion integer,
    consumable boolean)
language sql immutable parallel safe
begin atomic
    -- The kinds of products, numbered from 0: prices in the shop's currency, kg, cm of the longest side, how often in a
    -- thousand somebody looks for it, and the kinds that are bought with it.
    select w.sort, w.category, w.subcategory, string_to_array(w.nouns, ','), w.price_from, w.price_to, w.weight_from, w.weight_to,
        w.longest, w.popularity, w.companion, w.second_companion, w.consumable
    from (values
        (0, 'Electronics', 'Smartphones', 'Smartphone,5G Phone', 180, 1100, 0.15, 0.24, 17, 30, 1, 2, false),
        (1, 'Electronics', 'Phone cases', 'Phone Case,Phone Cover', 9, 45, 0.03, 0.09, 18, 34, 2, null, false),
        (2, 'Electronics', 'Chargers', 'USB-C Charger,Charging Cable,Power Bank', 10, 70, 0.05, 0.4, 15, 40, null, null, false),
        (3, 'Electronics', 'Laptops', 'Laptop,Notebook', 450, 2200, 1.0, 2.6, 36, 14, 4, 5, false),
        (4, 'Electronics', 'Mice and keyboards', 'Wireless Mouse,Keyboard', 15, 140, 0.08, 1.1, 45, 26, 5, null, false),
        (5, 'Electronics', 'Laptop bags', 'Laptop Sleeve,Laptop Backpack', 18, 120, 0.25, 1.2, 48, 16, null, null, false),
        (6, 'Electronics', 'Headphones', 'Headphones,Earbuds', 20, 350, 0.04, 0.38, 22, 38, null, null, false),
        (7, 'Electronics', 'Televisions', '4K Television,OLED Television', 280, 2100, 6, 28, 145, 8, 8, 9, false),
        (8, 'Electronics', 'Wall mounts', 'Wall Mount,TV Bracket', 20, 140, 1.5, 7, 65, 8, 9, null, false),
        (9, 'Electronics', 'HDMI cables', 'HDMI Cable', 6, 35, 0.08, 0.4, 25, 14, null, null, false),
        (10, 'Home and kitchen', 'Coffee machines', 'Espresso Machine,Coffee Maker', 50, 900, 2, 11, 42, 18, 11, 12, false),
        (11, 'Home and kitchen', 'Coffee beans', 'Coffee Beans 1 kg,Espresso Beans 1 kg', 9, 32, 1.02, 1.06, 30, 60, 12, null, true),
        (12, 'Home and kitchen', 'Coffee accessories', 'Milk Frother,Descaler,Coffee Grinder', 8, 90, 0.3, 2.2, 30, 26, null, null, false),
        (13, 'Home and kitchen', 'Cookware', 'Frying Pan,Saucepan,Casserole', 18, 190, 0.7, 4.5, 50, 28, 14, null, false),
        (14, 'Home and kitchen', 'Kitchen utensils', 'Spatula Set,Chef''s Knife,Cutting Board', 7, 90, 0.1, 1.9, 42, 32, null, null, false),
        (15, 'Home and kitchen', 'Bedding', 'Bed Linen,Duvet,Pillow', 20, 180, 0.6, 3, 60, 26, 16, null, false),
        (16, 'Home and kitchen', 'Towels', 'Bath Towel Set,Hand Towel Set', 12, 65, 0.4, 1.8, 45, 22, null, null, false),
        (17, 'Home and kitchen', 'Lamps', 'Desk Lamp,Floor Lamp,Table Lamp', 18, 220, 0.8, 7, 80, 18, 18, null, false),
        (18, 'Home and kitchen', 'Light bulbs', 'LED Bulb Pack', 6, 35, 0.1, 0.4, 20, 26, null, null, true),
        (19, 'Sports and outdoors', 'Running shoes', 'Running Shoes,Trail Shoes', 55, 190, 0.5, 0.9, 35, 26, 20, 21, false),
        (20, 'Sports and outdoors', 'Sports socks', 'Running Socks', 7, 25, 0.05, 0.2, 22, 30, null, null, false),
        (21, 'Sports and outdoors', 'Fitness', 'Yoga Mat,Dumbbell Pair,Resistance Bands', 10, 120, 0.3, 12, 65, 24, null, null, false),
        (22, 'Sports and outdoors', 'Tents', 'Dome Tent,Tunnel Tent', 60, 520, 1.6, 9, 70, 8, 23, 24, false),
        (23, 'Sports and outdoors', 'Sleeping bags', 'Sleeping Bag', 30, 290, 0.7, 2.6, 45, 10, 24, null, false),
        (24, 'Sports and outdoors', 'Camping stoves', 'Camping Stove,Gas Cartridge', 8, 130, 0.3, 2.5, 35, 12, null, null, false),
        (25, 'Sports and outdoors', 'Bicycle parts', 'Bicycle Lock,Bicycle Light,Bicycle Helmet', 12, 140, 0.1, 1.8, 35, 22, null, null, false),
        (26, 'Fashion', 'T-shirts', 'T-Shirt,Polo Shirt', 9, 50, 0.14, 0.32, 35, 40, 27, null, false),
        (27, 'Fashion', 'Jeans', 'Jeans,Chinos', 30, 130, 0.45, 0.85, 40, 28, 28, null, false),
        (28, 'Fashion', 'Belts', 'Leather Belt', 14, 70, 0.15, 0.35, 30, 14, null, null, false),
        (29, 'Fashion', 'Jackets', 'Rain Jacket,Winter Jacket', 45, 290, 0.5, 1.7, 50, 20, null, null, false),
        (30, 'Beauty and health', 'Skin care', 'Face Cream,Serum,Sun Lotion', 7, 75, 0.05, 0.4, 16, 34, 31, null, true),
        (31, 'Beauty and health', 'Hair care', 'Shampoo,Conditioner', 5, 30, 0.25, 0.9, 24, 34, null, null, true),
        (32, 'Beauty and health', 'Electric toothbrushes', 'Electric Toothbrush', 25, 220, 0.25, 0.7, 26, 14, 33, null, false),
        (33, 'Beauty and health', 'Brush heads', 'Brush Heads Pack of 4', 9, 40, 0.04, 0.08, 18, 24, null, null, true),
        (34, 'Toys and games', 'Building sets', 'Building Set,Marble Run', 12, 190, 0.3, 3.5, 48, 26, null, null, false),
        (35, 'Toys and games', 'Board games', 'Board Game,Card Game', 9, 65, 0.2, 2.2, 32, 28, 36, null, false),
        (36, 'Toys and games', 'Puzzles', 'Puzzle with 1000 Pieces,Puzzle with 500 Pieces', 9, 30, 0.5, 0.9, 37, 18, null, null, false),
        (37, 'Books and office', 'Notebooks', 'Notebook A5,Planner', 5, 32, 0.15, 0.6, 22, 30, 38, null, false),
        (38, 'Books and office', 'Pens', 'Fountain Pen,Ballpoint Pen Set', 4, 75, 0.03, 0.25, 18, 26, null, null, false),
        (39, 'Books and office', 'Printer ink', 'Ink Cartridge,Toner', 12, 110, 0.08, 1.3, 35, 26, null, null, true)
    ) as w (sort, category, subcategory, nouns, price_from, price_to, weight_from, weight_to, longest, popularity,
        companion, second_companion, consumable);
end;

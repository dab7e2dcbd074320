-- Who compares registered schemas with the tables that take what they describe. No row of such a table is read.
grant execute on function registry.contracts(), registry.drift(text, text) to collector_admin;

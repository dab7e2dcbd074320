-- Order systems' databases are read by the loader's definer functions alone: nobody is granted their foreign tables.
grant execute on function ops.land_snapshot(text, text, bigint, integer) to loader;
grant execute on function ops.verify_snapshot(text) to promoter;

-- The extension is made when the database is, by a superuser; here it is only looked for.
do $$
begin
    if not exists (select from pg_catalog.pg_extension where extname = 'mysql_fdw') then
        raise notice 'the extension mysql_fdw is not there: MySQL sources cannot be read; emporium sources add says what to do';
    end if;
end
$$;

-- The masked views as privacy.column_class has them, where a migration has dropped one; those that stand are left alone.
-- What masker may read is granted here, too: the columns that its views show.
set local role emporium_owner;
select privacy.make_masked_views();

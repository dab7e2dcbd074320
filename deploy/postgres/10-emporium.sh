#!/usr/bin/env bash
# The first start of a new cluster: the image's entrypoint runs this as user postgres, while the server listens on its
# Unix socket alone. Makes the login `emporium` and applies all DDL, by `emporium migrate` as anywhere else. Should it
# fail, the container ends; `emporium migrate` from outside goes on where it stopped.
#   POSTGRES_USER, POSTGRES_DB    given by the entrypoint
#   EMPORIUM_PASSWORD, EMPORIUM_PASSWORD_FILE   the password of `emporium`; none: it cannot log in until it has one
#   EMPORIUM_ROOT                 the SQL files (default /opt/emporium)
set -euo pipefail

# A folder is another socket; a host would be another server than this one.
case ${PGHOST-} in /*) ;; *) PGHOST=/var/run/postgresql ;; esac
export PGHOST PGUSER=$POSTGRES_USER PGDATABASE=$POSTGRES_DB
unset PGHOSTADDR PGSERVICE DATABASE_URL EMPORIUM_ADMIN_URL

if [ -n "${EMPORIUM_PASSWORD_FILE-}" ]; then
    EMPORIUM_PASSWORD=$(<"$EMPORIUM_PASSWORD_FILE")
fi
export EMPORIUM_PASSWORD=${EMPORIUM_PASSWORD-}

# The same login as the embedded stack's: it owns nothing, migrations grant it what it needs, and its errors, which may
# quote values, stay out of the log.
psql --no-psqlrc --quiet --single-transaction --set ON_ERROR_STOP=1 <<'SQL'
select not exists (select from pg_catalog.pg_roles where rolname = 'emporium') as missing \gset
\if :missing
create role emporium login nosuperuser nocreatedb nocreaterole inherit noreplication nobypassrls;
alter role emporium set log_min_messages = 'log';
\endif
\getenv password EMPORIUM_PASSWORD
select :'password' <> '' as given \gset
\if :given
alter role emporium password :'password';
\endif
-- What only a superuser may make, where the server has it: MySQL sources are read through it.
select format('create extension %I', name) from pg_available_extensions where name = 'mysql_fdw' and installed_version is null
\gexec
SQL

emporium migrate --root "${EMPORIUM_ROOT:-/opt/emporium}"

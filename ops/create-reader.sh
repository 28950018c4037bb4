#!/usr/bin/env bash
# The login of a BI tool, after `keepnet-etl migrate --roles`: it reads schema bi and nothing else. Run again, it sets the
# password again. The passwords go from the secrets into psql, never through a command line; a server that logs every
# statement (log_statement) logs it.
#
#   PGHOST, PGUSER, PGDATABASE  where, and as whom: a role that may make roles
#   OWNER_PASSWORD_FILE         the file with that role's password
#   READER                      the name of the login (superset)
#   READER_PASSWORD_FILE        the file with its password
set -euo pipefail

PGPASSWORD=$(cat "${OWNER_PASSWORD_FILE:-/run/secrets/database_password}")
export PGPASSWORD READER=${READER:-superset} READER_PASSWORD_FILE=${READER_PASSWORD_FILE:-/run/secrets/bi_password}

psql --no-psqlrc --quiet --tuples-only --set ON_ERROR_STOP=1 <<'SQL'
\set reader `echo "$READER"`
\set password `cat "$READER_PASSWORD_FILE"`
select role_name as reads from sync.access_roles where kind = 'bi_reader' \gset
select not exists (select from pg_roles where rolname = :'reader') as is_new \gset
\if :is_new
create role :"reader" login in role :"reads";
\endif
alter role :"reader" login password :'password';
SQL

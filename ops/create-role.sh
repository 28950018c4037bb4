#!/usr/bin/env bash
# Runs once, when the database image makes its cluster: the plain role of keepnet-etl and its
# database. The password goes from the secret into psql, never through a command line.
set -euo pipefail

export PASSWORD_FILE=${PASSWORD_FILE:-/run/secrets/database_password}

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `cat "$PASSWORD_FILE"`
set log_min_error_statement = panic;
create role keepnet_etl login nosuperuser nobypassrls createrole password :'password';
create database keepnet owner keepnet_etl;
SQL

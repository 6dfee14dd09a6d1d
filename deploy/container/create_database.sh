#!/bin/sh
# Run once by Postgres' own image, as superuser, on an empty volume: docs/settings.md says what this is.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$SAMEGOAL_POSTGRES_PASSWORD" \
    -v portal_password="$SAMEGOAL_PORTAL_POSTGRES_PASSWORD" -U postgres <<'SQL'
create role samegoal_sync login password :'password';
create role samegoal_portal nologin;
create role samegoal_web login noinherit password :'portal_password';
grant samegoal_portal to samegoal_sync, samegoal_web;
grant samegoal_web to samegoal_sync;
create database samegoal;
\connect samegoal
create schema samegoal authorization samegoal_sync;
create schema dagster authorization samegoal_sync;
SQL

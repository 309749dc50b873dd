#!/bin/sh
# What the demonstration's database is made of, run once by the PostgreSQL image over an empty volume.
set -eu

run() { psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" "$@"; }

run -f /mana-ai/change-log-g2.sql
run -f /mana-ai/roles.sql -v log_index=1 -v wakeup_trigger=1
run -f /mana-ai/demo.sql

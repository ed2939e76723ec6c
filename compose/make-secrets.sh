#!/bin/sh
# Makes every password and key once, each in a file in the folder of who may read it: $1 scrim, $2 connect, $3 databases.
# What is there stays: a key that is lost makes sealed dead letters unreadable, and hashes different.
set -eu
scrim=$1 connect=$2 databases=$3

hex() { od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
# Readable by the users of the containers; other containers do not have the folder.
keep() { [ -s "$1" ] || { printf '%s' "$2" >"$1.new"; chmod 0444 "$1.new"; mv "$1.new" "$1"; }; }

for name in POSTGRES_PASSWORD DEBEZIUM_PASSWORD CITIZEN_SINK_PASSWORD WAREHOUSE_SINK_PASSWORD SCRIM_APP_PASSWORD SCRIM_OWNER_PASSWORD; do
  keep "$databases/$name" "$(hex 18)"
done
for name in DEBEZIUM_PASSWORD CITIZEN_SINK_PASSWORD WAREHOUSE_SINK_PASSWORD; do
  keep "$connect/$name" "$(cat "$databases/$name")"
done
keep "$scrim/KAFKA_ENCRYPTION_KEY" "$(hex 32)"
keep "$scrim/SCRIM_KEYS" "{\"default\":\"$(hex 32)\"}"
keep "$scrim/SCRIM_TOKENS" "operator:all:$(hex 24)"
keep "$scrim/SCRIM_DATABASE_URL" "postgres://scrim_app:$(cat "$databases/SCRIM_APP_PASSWORD")@warehouse-db:5432/scrim"
keep "$scrim/SCRIM_MIGRATIONS_URL" "postgres://scrim_owner:$(cat "$databases/SCRIM_OWNER_PASSWORD")@warehouse-db:5432/scrim"

#!/bin/sh
# Connectors name passwords as ${env:NAME}. They come from files; Connect itself never shows them.
set -eu
secrets=${SECRETS_DIR:-/run/secrets}
for name in DEBEZIUM_PASSWORD CITIZEN_SINK_PASSWORD WAREHOUSE_SINK_PASSWORD; do
  value=$(cat "$secrets/$name")
  export "$name=$value"
done
exec /opt/kafka/bin/connect-distributed.sh /opt/connect/worker.properties

# `./dev chaos`: real nodes over a PostgreSQL of their own, tormented as a seed says. Sourced by ./dev.
# shellcheck shell=bash

# Commits must outlive a PostgreSQL that is killed; what must outlive a power cut of the machine is no matter here.
readonly CHAOS_SETTINGS="-c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=128MB"
readonly CHAOS_DATABASE=mana_sync

# Nodes and the stand-in stand on ports in a row.
free_ports() {
  local count=$1 first port
  while true; do
    first=$((20000 + RANDOM % 12000))
    for ((port = first; port < first + count; port++)); do
      is_port_free "$port" || continue 2
    done
    echo "$first"
    return
  done
}

# What the tool calls to restart PostgreSQL: with the same options, as the cluster's user, whoever that is.
write_restart() {
  local home=$1 program=$2 user
  user=$(cluster_user)
  {
    printf '#!/usr/bin/env bash\ncd /\nexec '
    if [ "$(id -u)" -eq 0 ]; then
      command -v runuser >/dev/null && printf 'runuser -u %q -- ' "$user" ||
        printf 'setpriv --reuid %q --regid %q --init-groups ' "$user" "$(id -g "$user")"
    fi
    printf '%q restart -D %q -l %q -w -t 60 -s -m "$1" </dev/null >>%q 2>&1\n' \
      "$PG_BIN/pg_ctl" "$home/data" "$home/log" "$home/pg_ctl.log"
  } >"$program"
  chmod 700 "$program"
}

make_chaos_database() {
  local home=$1 folder="$ROOT/docker/postgres"
  cluster_psql "$home" postgres -q -c "CREATE DATABASE $CHAOS_DATABASE"
  cluster_psql "$home" "$CHAOS_DATABASE" -q -f "$folder/change-log-g2.sql"
  MANA_AI_READER_PASSWORD=$(cat "$home/password") cluster_psql "$home" "$CHAOS_DATABASE" \
    -f "$folder/roles.sql" -v log_index=1 -v wakeup_trigger=1 >/dev/null
}

dev_chaos() {
  require_dotnet
  require_postgres
  local home exit_code=0
  CHAOS_NAME="chaos-$$"
  # shellcheck disable=SC2329
  finish_chaos() {
    local exit_code=$?
    trap '' INT TERM
    [ ! -d "$STATE/$CHAOS_NAME/data" ] || stop_cluster "$(cd -P "$STATE/$CHAOS_NAME" && pwd)" immediate || true
    remove_home "$CHAOS_NAME"
    exit "$exit_code"
  }
  trap finish_chaos EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  make_state_folder
  say "building" >&2
  (cd "$ROOT" && dotnet restore --locked-mode --verbosity quiet &&
    dotnet build ManaAi.Host --no-restore --disable-build-servers --verbosity quiet -c Release -p:RunAnalyzers=false &&
    dotnet build ManaAi.Bench --no-restore --disable-build-servers --verbosity quiet -c Release -p:RunAnalyzers=false) \
    >"$STATE/chaos-build.log" 2>&1 || { cat "$STATE/chaos-build.log" >&2 && die "the build failed, see above"; }

  home=$(make_home "$CHAOS_NAME")
  make_cluster "$home" --no-sync
  # shellcheck disable=SC2086
  start_cluster "$home" $CHAOS_SETTINGS
  make_chaos_database "$home"

  # What the processes said stays there until the next run; two may go on at once.
  for CHAOS_FOLDER in "$STATE"/chaos-*.logs; do
    is_running "$(basename "${CHAOS_FOLDER#*chaos-}" .logs)" || rm -rf "$CHAOS_FOLDER"
  done
  CHAOS_FOLDER="$STATE/$CHAOS_NAME.logs"
  mkdir -m 700 "$CHAOS_FOLDER"
  write_restart "$home" "$CHAOS_FOLDER/restart-postgres"
  export CHAOS_FOLDER
  export CHAOS_RESTART_POSTGRES="$CHAOS_FOLDER/restart-postgres"
  export CHAOS_SERVICE="$ROOT/ManaAi.Host/bin/Release/net10.0/mana-ai.dll"
  CHAOS_ADMIN="Host=127.0.0.1;Port=$(cat "$home/port");Username=postgres;Password=$(cat "$home/password");Database=$CHAOS_DATABASE"
  CHAOS_SERVICE_URL="postgresql://mana_ai_reader:$(cat "$home/password")@127.0.0.1:$(cat "$home/port")/$CHAOS_DATABASE"
  CHAOS_FIRST_PORT=$(free_ports 10)
  export CHAOS_ADMIN CHAOS_SERVICE_URL CHAOS_FIRST_PORT
  dotnet "$ROOT/ManaAi.Bench/bin/Release/net10.0/mana-ai-bench.dll" chaos "$@" || exit_code=$?
  exit "$exit_code"
}

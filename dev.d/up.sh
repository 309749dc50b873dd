# `./dev up` and `./dev down`. Sourced by ./dev.
#
# .dev/up is the cluster and its data; .dev/run is what belongs to the run: process ids, logs, the login's password.
# shellcheck shell=bash

readonly RUN="$STATE/run"
readonly DATABASE=mana_sync
readonly CONFIGURATION=Release
readonly SERVICE="$ROOT/ManaAi.Host/bin/$CONFIGURATION/net10.0/mana-ai.dll"

# --- processes --------------------------------------------------------------------------------------------------

# In a session of its own: Ctrl-C must reach us alone, since the service has to stop before its database does.
start_process() {
  local name=$1
  shift
  setsid "$@" >"$RUN/$name.log" 2>&1 </dev/null 9>&- &
  echo $! >"$RUN/$name.pid"
}

# The id alone proves nothing after a crash or a reboot; the command line does.
process_of() {
  local pid
  pid=$(cat "$RUN/$1.pid" 2>/dev/null) || return 1
  is_running "$pid" && grep -qzF "$SERVICE" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

stop_process() {
  local name=$1 pid tenths
  pid=$(process_of "$name") || return 0
  kill -TERM "$pid" 2>/dev/null || true
  # Beyond the service's own grace of ten seconds and its hand-back.
  for ((tenths = 0; tenths < 200; tenths++)); do
    is_running "$pid" || break
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$RUN/$name.pid"
}

stop_everything() {
  stop_process service
  stop_process llm-stub
  [ ! -d "$STATE/up/data" ] || stop_cluster "$(cd -P "$STATE/up" && pwd)" fast
}

# --- asking -----------------------------------------------------------------------------------------------------

# The status of GET on this machine; bash alone, since curl may be missing.
http_status() {
  local status=
  {
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
    read -r -t 5 _ status _ <&3
  } 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || true # in this order, or a refused connection is told on the terminal
  printf '%s' "$status"
}

# Waits up to a minute until the command holds; a process that died is told with its last words.
wait_until() {
  local name=$1 tenths
  shift
  for ((tenths = 0; tenths < 600; tenths++)); do
    ! "$@" || return 0
    if ! is_running "$(cat "$RUN/$name.pid")"; then
      tail -n 25 "$RUN/$name.log" >&2
      die "$name ended at its start, see above ($RUN/$name.log)"
    fi
    sleep 0.1
  done
  tail -n 25 "$RUN/$name.log" >&2
  die "$name did not become ready within a minute, see above ($RUN/$name.log)"
}

is_answering() { [ -n "$(http_status "$1" "$2")" ]; }
is_healthy() { [ "$(http_status "$1" "$2")" = 200 ]; }

# --- the parts --------------------------------------------------------------------------------------------------

take_lock() {
  mkdir -p -m 700 "$RUN"
  exec 9>"$RUN/lock"
  flock -n 9 || die "it is running already (process $(cat "$RUN/up.pid" 2>/dev/null)); stop it there with Ctrl-C, or by ./dev down"
  echo $$ >"$RUN/up.pid"
}

# Without the analysers, which speak in `./dev test`: a newcomer waits for this.
start_build() {
  (cd "$ROOT" && dotnet restore ManaAi.Host --locked-mode --verbosity quiet &&
    dotnet build ManaAi.Host --no-restore --disable-build-servers --verbosity quiet -c "$CONFIGURATION" \
      -p:RunAnalyzers=false) >"$RUN/build.log" 2>&1 </dev/null 9>&- &
  BUILD=$!
}

finish_build() {
  wait "$BUILD" || { cat "$RUN/build.log" >&2 && die "the build failed, see above"; }
}

# Made under another name and renamed when it is whole, so that an interrupted start leaves no half database.
make_database() {
  local home=$1 folder="$ROOT/docker/postgres" making=${DATABASE}_unfinished
  [ "$(cluster_psql "$home" postgres -Atc "SELECT count(*) FROM pg_database WHERE datname = '$DATABASE'")" = 0 ] ||
    return 0
  cluster_psql "$home" postgres -q -c "SET client_min_messages TO warning" \
    -c "DROP DATABASE IF EXISTS $making WITH (FORCE)" -c "CREATE DATABASE $making"
  cluster_psql "$home" "$making" -q -f "$folder/change-log-g2.sql"
  cluster_psql "$home" "$making" -q -f "$folder/demo.sql"
  cluster_psql "$home" postgres -q -c "ALTER DATABASE $making RENAME TO $DATABASE"
  say "  database    $DATABASE made, with a change log and four due missions of two users"
}

start_database() {
  local home
  home=$(make_home up)
  make_cluster "$home"
  is_cluster_running "$home" || start_cluster "$home" 9>&-
  [ -s "$RUN/reader-password" ] || (umask 077 && random_password >"$RUN/reader-password")
  say "  PostgreSQL  on 127.0.0.1:$(cat "$home/port"), data in $home/data"
  make_database "$home"
  # On every start: it is idempotent, and the checkout's roles may have moved on.
  MANA_AI_READER_PASSWORD=$(cat "$RUN/reader-password") cluster_psql "$home" "$DATABASE" \
    -f "$ROOT/docker/postgres/roles.sql" -v log_index=1 -v wakeup_trigger=1 >"$RUN/roles.log" 2>&1 ||
    { cat "$RUN/roles.log" >&2 && die "roles.sql failed, see above"; }
}

start_llm() {
  local port
  if [ -n "${MANA_LLM_URL:-}" ]; then
    say "  LLM         the one that MANA_LLM_URL names"
    return
  fi
  port=$(next_free_port 3020)
  start_process llm-stub dotnet "$SERVICE" llm-stub --port "$port"
  wait_until llm-stub is_answering "$port" /
  export MANA_LLM_URL="http://127.0.0.1:$port"
  say "  LLM         a stand-in on $MANA_LLM_URL (no model: set MANA_LLM_URL to use one)"
}

start_service() {
  local wanted=${PORT:-3066}
  PORT=$(next_free_port "$wanted")
  [ "$PORT" = "$wanted" ] || say "  port        $wanted is taken, so it is $PORT"
  export PORT
  DOTNET_ENVIRONMENT=Development TICK_INTERVAL_MS=${TICK_INTERVAL_MS:-5000} \
    SYNC_DATABASE_URL="postgresql://mana_ai_reader:$(cat "$RUN/reader-password")@127.0.0.1:$(cat "$STATE/up/port")/$DATABASE" \
    start_process service dotnet "$SERVICE" serve
  wait_until service is_healthy "$PORT" /health
  wait_until service is_healthy "$PORT" /health/ready
}

show_addresses() {
  local url="http://127.0.0.1:$PORT" key=dev-service-key
  # A key of one's own is not for the screen.
  # shellcheck disable=SC2016
  [ -z "${MANA_SERVICE_KEY:-}" ] || key='$MANA_SERVICE_KEY'
  cat <<TEXT

ManaAi is up. Look at
  $url/ops             the dashboard; its key is $key
  $url/health          $url/health/ready
  $url/metrics
  curl -H "X-Service-Key: $key" $url/internal/status
  curl -X POST -H "X-Service-Key: $key" $url/internal/tick
  PGPASSWORD=\$(cat $STATE/up/password) psql -h 127.0.0.1 -p $(cat "$STATE/up/port") -U postgres $DATABASE
  $RUN/service.log

Plans appear here as they are written. Ctrl-C stops all of it and keeps the data.

TEXT
}

# --- the plans --------------------------------------------------------------------------------------------------

# Each row of ours that carries an iteration, as one line: its id, TAB, what to show, and each step behind a record
# separator. Control characters of foreign text must not reach a terminal.
read -r -d '' NEW_PLANS <<'SQL' || true
SELECT row.id || E'\t'
         || format('%s  %s  "%s": %s', to_char(row.created_at, 'HH24:MI:SS'), row.user_id,
                   regexp_replace(mission.title, '[[:cntrl:]]', ' ', 'g'),
                   regexp_replace(
                     coalesce(nullif(last.iteration ->> 'summary', ''), last.iteration #>> '{errorDetails,message}',
                              last.iteration ->> 'overallStatus'), '[[:cntrl:]]', ' ', 'g'))
         || coalesce((SELECT string_agg(E'\x1e' || regexp_replace(step ->> 'summary', '[[:cntrl:]]', ' ', 'g'), '')
                        FROM jsonb_array_elements(last.iteration -> 'plan') AS step), '')
  FROM public.sync_changes AS row
 CROSS JOIN LATERAL (SELECT row.data -> 'iterations' -> -1) AS last (iteration)
  LEFT JOIN LATERAL (
         SELECT log.data ->> 'title'
           FROM public.sync_changes AS log
          WHERE (log.user_id, log.app_id, log.table_name, log.record_id)
                = (row.user_id, row.app_id, row.table_name, row.record_id)
            AND log.data ? 'title'
          ORDER BY log.created_at DESC
          LIMIT 1) AS mission (title) ON true
 WHERE row.client_id = 'mana-ai-runner' AND last.iteration IS NOT NULL
   AND row.created_at > now() - interval '2 minutes'
 ORDER BY row.created_at, row.id
SQL

declare -A SHOWN=()

show_new_plans() {
  local id line
  while IFS=$'\t' read -r id line; do
    [ -z "${SHOWN[$id]:-}" ] || continue
    SHOWN[$id]=1
    # A step a line, under its plan.
    printf '%s\n' "${line//$'\x1e'/$'\n            - '}"
  done < <(cluster_psql "$STATE/up" "$DATABASE" -At -c "$NEW_PLANS" 2>/dev/null || true)
}

# --- the commands -----------------------------------------------------------------------------------------------

dev_up() {
  require_dotnet
  require_postgres
  make_state_folder
  take_lock
  # shellcheck disable=SC2329
  finish_up() {
    local exit_code=$?
    trap '' INT TERM HUP EXIT
    printf '\nstopping...\n'
    kill "${BUILD:-}" 2>/dev/null || true
    stop_everything || say "not all of it stopped; ./dev down tries again"
    rm -f "$RUN/up.pid"
    say "stopped. ./dev up goes on with the same data; ./dev down --wipe forgets it."
    exit "$exit_code"
  }
  # Ctrl-C is how this is meant to end.
  trap finish_up EXIT
  trap 'exit 0' INT TERM HUP

  say "starting ManaAi (the first time builds it)"
  stop_process service # of a run that was killed
  stop_process llm-stub
  start_build
  start_database
  finish_build
  start_llm
  start_service
  show_addresses
  while process_of service >/dev/null; do
    show_new_plans
    sleep 1
  done
  tail -n 25 "$RUN/service.log" >&2
  die "the service ended by itself, see above ($RUN/service.log)"
}

dev_down() {
  local pid
  case ${1:-} in
    '' | --wipe) ;;
    *) usage >&2 && exit 2 ;;
  esac
  if [ -d "$RUN" ]; then
    exec 9>"$RUN/lock"
    if ! flock -n 9; then
      pid=$(cat "$RUN/up.pid" 2>/dev/null || true)
      kill -TERM "$pid" 2>/dev/null || die "process $pid runs it and is not yours to stop"
      flock -w 60 9 || die "process $pid does not stop; look at it, or kill it and run this again"
    fi
    # What a run left behind that was killed.
    [ ! -d "$STATE/up/data" ] || require_postgres
    stop_everything
  fi
  [ "${1:-}" = --wipe ] || return 0
  remove_home up
  rm -rf "$RUN"
  rmdir "$STATE" 2>/dev/null || true
  say "forgotten."
}

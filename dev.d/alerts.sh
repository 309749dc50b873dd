# `./dev alerts`: each alert fires once, for its own cause, against a real node and a real Prometheus. Sourced by ./dev.
#
# The alerts are those of docker/prometheus, with their times made short: what takes ten minutes there takes seconds here.
# shellcheck shell=bash

# A PostgreSQL that is thrown away.
readonly ALERTS_SETTINGS="-c fsync=off -c full_page_writes=off"
readonly ALERTS_DATABASE=mana_sync
# So many missions at once, each of a user of its own: one node that dies with all of them is over the limit.
readonly ALERTS_PLANS=16
readonly ALERTS_WAIT_SECONDS=120

shorten_times() {
  sed -E 's/for: .*/for: 1s/; s/\[(15|30)m\]/[15s]/g; s/\[5m\]/[3s]/g; s/> (600|900)/> 5/' "$ROOT/docker/prometheus/alerts.yml"
}

# --- the parts ----------------------------------------------------------------------------------------------------

start_part() {
  local name=$1
  shift
  "$@" >>"$ALERTS/$name.log" 2>&1 </dev/null &
  echo $! >"$ALERTS/$name.pid"
  disown # The shell is not to tell of those that are killed here.
}

# TERM is an orderly stop, KILL a death.
end_part() {
  local name=$1 signal=${2:-TERM} pid tenths
  pid=$(cat "$ALERTS/$name.pid" 2>/dev/null) || return 0
  rm -f "$ALERTS/$name.pid"
  kill "-$signal" "$pid" 2>/dev/null || return 0
  for ((tenths = 0; tenths < 200; tenths++)); do
    is_running "$pid" || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}

wait_for() {
  local what=$1 tenths
  shift
  for ((tenths = 0; tenths < ALERTS_WAIT_SECONDS * 5; tenths++)); do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.2
  done
  tail -n 5 "$ALERTS"/*.log >&2
  die "never came: $what"
}

# With further settings of the node as arguments.
start_alerts_node() {
  DOTNET_ENVIRONMENT=Development PORT=$NODE_PORT MANA_LLM_URL="http://127.0.0.1:$LLM_PORT" \
    SYNC_DATABASE_URL="postgresql://mana_ai_reader:$(cat "$ALERTS_HOME/password")@127.0.0.1:$(cat "$ALERTS_HOME/port")/$ALERTS_DATABASE" \
    TICK_INTERVAL_MS=500 RUN_LEASE_MS=2000 MAX_CONCURRENT_PLANS=$ALERTS_PLANS RUN_RETRY_BASE_MS=200 RUN_MAX_ATTEMPTS=20 \
    MANA_LLM_FIRST_BYTE_TIMEOUT_MS=20000 SHUTDOWN_GRACE_MS=500 PLANNER_MODE=json start_part node env "$@" dotnet "$ALERTS_SERVICE" serve
  wait_for "a node that is ready" curl -sf "http://127.0.0.1:$NODE_PORT/health/ready"
}

start_prometheus() {
  shorten_times >"$ALERTS/alerts.yml"
  sed -E "s/targets: .*/targets: [\"127.0.0.1:$NODE_PORT\"]/; s/interval: .*/interval: 1s/" \
    "$ROOT/docker/prometheus/prometheus.yml" >"$ALERTS/prometheus.yml"
  promtool check config "$ALERTS/prometheus.yml" >/dev/null || die "the alerts with short times are no alerts"
  start_part prometheus prometheus --config.file="$ALERTS/prometheus.yml" --storage.tsdb.path="$ALERTS/data" \
    --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --log.level=warn
  wait_for "Prometheus" curl -sf "http://127.0.0.1:$PROMETHEUS_PORT/-/ready"
}

# --- causes -------------------------------------------------------------------------------------------------------

in_database() { cluster_psql "$ALERTS_HOME" "$ALERTS_DATABASE" -qAt -c "$1"; }

# As devices write them: each a user's own, due now.
make_due() {
  local name=$1 count=$2
  in_database "INSERT INTO public.sync_changes (app_id, table_name, record_id, user_id, op, client_id, data)
    SELECT 'ai', 'aiMissions', '$name-' || n, '$name-user-' || n, 'insert', 'device-1',
           jsonb_build_object('title', 'Reading', 'objective', 'Read a chapter', 'conceptMarkdown', '', 'state', 'active',
             'cadence', '{\"kind\":\"interval\",\"everyMinutes\":600}'::jsonb, 'iterations', '[]'::jsonb, 'inputs', '[]'::jsonb,
             'nextRunAt', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))
      FROM generate_series(1, $count) AS n"
}

# What mana-llm does from now on; {} is well.
let_llm() { curl -sf -X POST --data "$1" "http://127.0.0.1:$LLM_PORT/control" >/dev/null; }

all_closed() { [ "$(in_database "SELECT count(*) FROM mana_ai.runs WHERE verdict IS NULL")" = 0 ]; }

# As if what was tried at least once had been tried as often as it may.
exhaust_attempts() {
  [ -n "$(in_database "UPDATE mana_ai.runs SET attempts = 20 WHERE verdict IS NULL AND attempts > 0 RETURNING run_id")" ]
}

# --- what Prometheus says -----------------------------------------------------------------------------------------

query() { promtool query instant "http://127.0.0.1:$PROMETHEUS_PORT" "$1"; }

holds() { [ -n "$(query "$1")" ]; }

firing() {
  query "ALERTS{alertname=~\"$1\", alertstate=\"firing\"}" |
    sed -nE 's/.*alertname="([A-Za-z]+)".*/\1/p'
}

is_firing() { [ "$(firing "$1")" = "$1" ]; }

is_quiet() { [ -z "$(firing '.*')" ]; }

# The alert must come; others may come with it and are named.
expect() {
  local alert=$1 cause=$2 started=$SECONDS others
  wait_for "$alert" is_firing "$alert"
  others=$(firing '.*' | grep -v "^$alert\$" | tr '\n' ' ' || true)
  printf '%-20s after %3d s  %s%s\n' "$alert" $((SECONDS - started)) "$cause" "${others:+  (beside it: ${others% })}"
}

expect_quiet() { wait_for "no alert, since all is well again" is_quiet; }

# As the node itself says.
started_at() { curl -sf "http://127.0.0.1:$NODE_PORT/metrics" | sed -nE 's/^mana_ai_start_time_seconds\{.*\} //p'; }

# --- one after the other ------------------------------------------------------------------------------------------

provoke_all() {
  expect_quiet
  say "no alert             while all is well"

  let_llm '{"hang":"before-headers"}'
  make_due waiting $((ALERTS_PLANS + 1))
  expect ManaAiUsersWait "mana-llm never answers $ALERTS_PLANS calls, and one more user is due"

  end_part node KILL
  start_alerts_node
  expect ManaAiNodesDie "the node is killed with $ALERTS_PLANS plans under way, and comes back"

  let_llm '{"status":503}'
  expect ManaAiLlmAway "mana-llm answers 503"
  let_llm '{}'
  wait_for "all missions planned" all_closed
  expect_quiet

  # Those that were planned just now would outweigh the failures.
  wait_for "a while without plans" holds 'sum(increase(mana_ai_verdicts_total{verdict="planned"}[15s])) == 0'
  let_llm '{"babble":"prose"}'
  make_due babbled 8
  expect ManaAiPlansFail "mana-llm answers without a plan"
  let_llm '{}'
  expect_quiet

  end_part node
  start_alerts_node TOKENS_PER_DAY=1
  expect_quiet
  make_due unpaid 8
  expect ManaAiBudgetSpent "TOKENS_PER_DAY is used up"
  end_part node
  start_alerts_node
  expect_quiet

  in_database "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
      \$\$ BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = 'check_violation'; END \$\$;
    CREATE TRIGGER refuse BEFORE INSERT ON public.sync_changes FOR EACH ROW
      WHEN (NEW.client_id = 'mana-ai-runner') EXECUTE FUNCTION public.refuse()"
  make_due refused 1
  wait_for "a refused run" exhaust_attempts
  expect ManaAiWritesRefused "a trigger on sync_changes refuses our rows"
  in_database "DROP TRIGGER refuse ON public.sync_changes; DROP FUNCTION public.refuse()"
  expect_quiet

  start_part lock env PGPASSWORD="$(cat "$ALERTS_HOME/password")" psql -X -h 127.0.0.1 -p "$(cat "$ALERTS_HOME/port")" \
    -U postgres -d "$ALERTS_DATABASE" -c "BEGIN; SELECT 1 FROM mana_ai.cursor FOR UPDATE; SELECT pg_sleep(600)"
  expect ManaAiLogNotRead "somebody holds the cursor's row"
  end_part lock
  in_database "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()" >/dev/null
  expect_quiet

  in_database "ALTER ROLE mana_ai_reader NOBYPASSRLS"
  expect ManaAiNotReady "the login loses BYPASSRLS"
  in_database "ALTER ROLE mana_ai_reader BYPASSRLS"
  expect_quiet

  local death
  for death in 1 2 3 4; do
    wait_for "a look at the node" holds "mana_ai_start_time_seconds == $(started_at)"
    end_part node KILL
    start_alerts_node
  done
  expect ManaAiRestarts "the node is killed $death times, and comes back"
  expect_quiet

  end_part node
  expect ManaAiDown "the node is stopped"
  start_alerts_node
  expect_quiet
  say "no alert             when all is well again"
}

dev_alerts() {
  require_dotnet
  require_postgres
  require_prometheus
  require_curl
  ALERTS_NAME="alerts-$$"
  # shellcheck disable=SC2329
  finish_alerts() {
    local exit_code=$? part
    trap '' INT TERM
    for part in node lock prometheus llm; do end_part "$part"; done
    [ ! -d "$STATE/$ALERTS_NAME/data" ] || stop_cluster "$(cd -P "$STATE/$ALERTS_NAME" && pwd)" immediate || true
    remove_home "$ALERTS_NAME"
    rm -rf "${ALERTS:-}"
    exit "$exit_code"
  }
  trap finish_alerts EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM

  make_state_folder
  ALERTS=$(mktemp -d)
  ALERTS_SERVICE="$ROOT/ManaAi.Host/bin/Release/net10.0/mana-ai.dll"
  say "building" >&2
  (cd "$ROOT" && dotnet build ManaAi.Host --disable-build-servers --verbosity quiet -c Release -p:RunAnalyzers=false) \
    >"$ALERTS/build.log" 2>&1 || { cat "$ALERTS/build.log" >&2 && die "the build failed, see above"; }

  ALERTS_HOME=$(make_home "$ALERTS_NAME")
  make_cluster "$ALERTS_HOME" --no-sync
  # shellcheck disable=SC2086
  start_cluster "$ALERTS_HOME" $ALERTS_SETTINGS
  cluster_psql "$ALERTS_HOME" postgres -q -c "CREATE DATABASE $ALERTS_DATABASE"
  cluster_psql "$ALERTS_HOME" "$ALERTS_DATABASE" -q -f "$ROOT/docker/postgres/change-log-g2.sql"
  MANA_AI_READER_PASSWORD=$(cat "$ALERTS_HOME/password") cluster_psql "$ALERTS_HOME" "$ALERTS_DATABASE" \
    -f "$ROOT/docker/postgres/roles.sql" -v log_index=1 -v wakeup_trigger=1 >/dev/null

  NODE_PORT=$(next_free_port $((20000 + RANDOM % 12000)))
  LLM_PORT=$(next_free_port $((20000 + RANDOM % 12000)))
  PROMETHEUS_PORT=$(next_free_port $((20000 + RANDOM % 12000)))
  start_part llm dotnet "$ALERTS_SERVICE" llm-stub --port "$LLM_PORT"
  wait_for "the stand-in for mana-llm" curl -sf "http://127.0.0.1:$LLM_PORT/health"
  start_alerts_node
  start_prometheus
  provoke_all
}

-- What may be made on mana-sync's table where it is asked for. docker/postgres/roles.sql has the same texts, for an
-- operator; a test compares them.

-- name: LogIndex
CREATE INDEX CONCURRENTLY IF NOT EXISTS mana_ai_log_created_at ON public.sync_changes (created_at)
  WHERE app_id = 'ai' AND table_name IN ('aiMissions', 'agents')

-- name: WakeUpFunction
CREATE OR REPLACE FUNCTION mana_ai.wake_on_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Only what is due now wakes, since commits that notify come one after the other. Devices write their times in UTC, and
  -- compare them as text; the tilde comes after all that may follow the minutes, so this minute's are due too. A full
  -- queue would fail the insert at its commit; who is not woken is found by the next tick.
  -- Each insert pays for this, and each function that a condition calls is made ready anew in each transaction: what most
  -- rows fail stands first and apart, with as few of them as it can do with. A SET or a WHEN would cost more than all,
  -- and AFTER each row a third more than BEFORE. There a row is lost whose trigger returns NULL: this one returns it as
  -- it is, whatever it says, and has a name of its own, so that no version's body for AFTER can get here.
  IF NEW.table_name = 'aiMissions' AND NEW.data ? 'nextRunAt' THEN
    IF (NEW.data ->> 'nextRunAt') COLLATE "C"
       < to_char(CURRENT_TIMESTAMP AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"~"') THEN
      IF NEW.app_id = 'ai' AND NEW.client_id <> 'mana-ai-runner' AND pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify('mana_ai_wakeup', '');
      END IF;
    END IF;
  END IF;
  RETURN NEW;
END
$$

-- name: WakeUpFunctionOwner
-- As roles.sql does it: no role of ours may rewrite what mana-sync runs.
DO $$
BEGIN
  EXECUTE format('ALTER FUNCTION mana_ai.wake_on_insert() OWNER TO %I',
                 (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'public.sync_changes'::regclass));
END
$$

-- name: WakeUpTrigger
CREATE OR REPLACE TRIGGER mana_ai_wake_up BEFORE INSERT ON public.sync_changes
  FOR EACH ROW
  EXECUTE FUNCTION mana_ai.wake_on_insert()

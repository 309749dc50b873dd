-- The change log as mana-sync makes it, generation 1: field_timestamps, and nothing of spaces.
-- For tests and demonstrations; in production mana-sync has made this table long before.
--
--   psql -X -v ON_ERROR_STOP=1 -d mana_sync -f change-log-g1.sql

\set ON_ERROR_STOP on
BEGIN;

-- Roles belong to the whole cluster, so two databases made at once meet in this catalog. Advisory locks would not
-- do: they are each database's own.
LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE;

-- mana-sync's own role. It owns the table and is still bound by the policy, since that is forced.
DO $$
BEGIN
  IF pg_catalog.to_regrole('mana_sync') IS NULL THEN
    CREATE ROLE mana_sync NOLOGIN;
  END IF;
END
$$;

CREATE TABLE public.sync_changes (
  id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  app_id           text NOT NULL,
  table_name       text NOT NULL,
  record_id        text NOT NULL,
  user_id          text NOT NULL,
  op               text NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
  data             jsonb,
  field_timestamps jsonb DEFAULT '{}',
  client_id        text NOT NULL,
  created_at       timestamptz DEFAULT now(),
  schema_version   int DEFAULT 1,
  actor            jsonb
);

CREATE INDEX sync_changes_user_app ON public.sync_changes (user_id, app_id, created_at);
CREATE INDEX sync_changes_record ON public.sync_changes (table_name, record_id, created_at);
CREATE INDEX sync_changes_user_app_table ON public.sync_changes (user_id, app_id, table_name, created_at);

ALTER TABLE public.sync_changes OWNER TO mana_sync;
ALTER TABLE public.sync_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_changes FORCE ROW LEVEL SECURITY;

CREATE POLICY sync_changes_of_user ON public.sync_changes
  USING (user_id = current_setting('app.current_user_id', true))
  WITH CHECK (user_id = current_setting('app.current_user_id', true));

COMMIT;

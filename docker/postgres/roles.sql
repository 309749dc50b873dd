-- The roles under which ManaAi works, and the schema that is its own. Run once by a superuser, against mana-sync's
-- database; running it again repairs what has drifted and changes nothing else:
--
--   psql -X -d mana_sync -f roles.sql [-v log_index=1] [-v wakeup_trigger=1]
--
-- MANA_AI_READER_PASSWORD  (environment, or -v reader_password=..., which the process list shows) the password of
--                          the service's login. A login that exists keeps its own unless one is given.
-- log_index=1              also makes the index on sync_changes without which each tick is slower, never wrong.
-- wakeup_trigger=1         also makes the trigger on sync_changes by which a mission made due wakes the service.
--
-- Not with psql's --single-transaction: an index built beside running inserts cannot be in one.

\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset footer off

\if :{?reader_password}
\else
  \getenv reader_password MANA_AI_READER_PASSWORD
\endif
\if :{?reader_password}
\else
  \set reader_password ''
\endif
\if :{?log_index}
\else
  \set log_index 0
\endif
\if :{?wakeup_trigger}
\else
  \set wakeup_trigger 0
\endif

-- Whatever stands in public must not be able to pose as a function or operator that a superuser calls here.
SET search_path TO pg_catalog;
SET client_min_messages TO warning;
CREATE TEMPORARY TABLE said (line_no int GENERATED ALWAYS AS IDENTITY, line text NOT NULL);

BEGIN;

DO $$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'roles.sql must be run by a superuser, and % is none: only a superuser may give BYPASSRLS', current_user;
  END IF;
  IF to_regclass('public.sync_changes') IS NULL THEN
    RAISE EXCEPTION 'there is no table public.sync_changes in database %', current_database()
      USING HINT = 'Connect to mana-sync''s database (psql -d mana_sync); if it is new, let mana-sync start once and make its tables.';
  END IF;
END
$$;

-- Roles belong to the whole cluster: two runs against two databases would otherwise update one row at once.
LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE;

-- The password goes by a setting and not by ALTER ROLE's own text, which server logs and pg_stat_statements keep.
SELECT set_config('mana_ai_setup.reader_password', :'reader_password', true) \g /dev/null

DO $$
DECLARE
  given text := current_setting('mana_ai_setup.reader_password');
  wanted record;
BEGIN
  FOR wanted IN
    SELECT w.*, r.oid IS NOT NULL AS is_there,
           (r.rolcanlogin, r.rolbypassrls, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolreplication)
             IS NOT DISTINCT FROM (w.is_login, w.is_login, false, false, false, false, false) AS is_right
      FROM (VALUES ('mana_ai_owner', false), ('mana_ai_user', false), ('mana_ai_reader', true)) AS w (name, is_login)
      LEFT JOIN pg_roles AS r ON r.rolname = w.name
  LOOP
    IF NOT wanted.is_there THEN
      EXECUTE format('CREATE ROLE %I', wanted.name);
    END IF;
    IF NOT wanted.is_right THEN
      EXECUTE format(
        'ALTER ROLE %I %s NOSUPERUSER NOINHERIT NOCREATEROLE NOCREATEDB NOREPLICATION',
        wanted.name,
        CASE WHEN wanted.is_login THEN 'LOGIN BYPASSRLS' ELSE 'NOLOGIN NOBYPASSRLS' END);
    END IF;
    INSERT INTO pg_temp.said (line)
    SELECT format(
             'role %s: %s',
             wanted.name,
             CASE
               WHEN NOT wanted.is_there THEN 'created'
               WHEN NOT wanted.is_right THEN 'was there with other attributes; corrected'
               ELSE 'as it should be'
             END);

    IF wanted.is_login AND (given <> '' OR NOT wanted.is_there) THEN
      EXECUTE format('ALTER ROLE %I PASSWORD %L', wanted.name, coalesce(nullif(given, ''), 'mana-ai-demo'));
      INSERT INTO pg_temp.said (line)
      SELECT CASE
               WHEN given <> '' THEN 'password of mana_ai_reader: set to the one given'
               ELSE 'password of mana_ai_reader: mana-ai-demo, good for a demo only; set MANA_AI_READER_PASSWORD and run this again'
             END;
    END IF;
  END LOOP;
END
$$;

-- NOINHERIT: what a transaction does as the owner or as a user it does after SET LOCAL ROLE, visibly, or not at all.
-- From PostgreSQL 16 on that is a property of the membership, and an older membership keeps the one it was made with.
DO $$
BEGIN
  EXECUTE 'GRANT mana_ai_owner, mana_ai_user TO mana_ai_reader'
    || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO mana_ai_reader', current_database());
END
$$;

-- The owner role has no CREATE on the database, so the schema is made for it.
DO $$
BEGIN
  IF to_regnamespace('mana_ai') IS NULL THEN
    CREATE SCHEMA mana_ai AUTHORIZATION mana_ai_owner;
    INSERT INTO pg_temp.said (line) VALUES ('schema mana_ai: created');
  ELSIF (SELECT nspowner FROM pg_namespace WHERE nspname = 'mana_ai') <> 'mana_ai_owner'::regrole THEN
    INSERT INTO pg_temp.said (line)
    SELECT 'schema mana_ai: taken over from ' || pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'mana_ai';
    ALTER SCHEMA mana_ai OWNER TO mana_ai_owner;
  END IF;
END
$$;

-- Everything in the schema follows it, object by object: REASSIGN OWNED would also take what that role owns elsewhere.
-- Left out is what follows by itself: indexes, row types, arrays, sequences of columns, what extensions own.
-- A function that a trigger of the log calls belongs to the log's owner instead: it runs with the rights of whoever
-- inserts, and who owns it could rewrite it.
DO $$
DECLARE
  log_owner oid := (SELECT relowner FROM pg_class WHERE oid = 'public.sync_changes'::regclass);
  foreign_object record;
BEGIN
  FOR foreign_object IN
    WITH found AS (
      SELECT 'pg_class'::regclass AS class_oid, c.oid, c.relowner AS owner, 'mana_ai_owner'::regrole::oid AS wanted,
             CASE c.relkind
               WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
               WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE'
             END AS kind,
             c.oid::regclass::text AS name
        FROM pg_class AS c
       WHERE c.relnamespace = 'mana_ai'::regnamespace AND c.relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
      UNION ALL
      SELECT 'pg_proc'::regclass, p.oid, p.proowner,
             CASE
               WHEN EXISTS (SELECT FROM pg_trigger WHERE tgfoid = p.oid AND tgrelid = 'public.sync_changes'::regclass)
               THEN log_owner
               ELSE 'mana_ai_owner'::regrole::oid
             END,
             'ROUTINE', p.oid::regprocedure::text
        FROM pg_proc AS p
       WHERE p.pronamespace = 'mana_ai'::regnamespace
      UNION ALL
      SELECT 'pg_type'::regclass, t.oid, t.typowner, 'mana_ai_owner'::regrole::oid, 'TYPE', t.oid::regtype::text
        FROM pg_type AS t
        LEFT JOIN pg_class AS c ON c.oid = t.typrelid
       WHERE t.typnamespace = 'mana_ai'::regnamespace
         AND t.typcategory <> 'A' AND t.typtype <> 'm' AND (t.typtype <> 'c' OR c.relkind = 'c')
      UNION ALL
      SELECT 'pg_statistic_ext'::regclass, s.oid, s.stxowner, 'mana_ai_owner'::regrole::oid,
             'STATISTICS', format('mana_ai.%I', s.stxname)
        FROM pg_statistic_ext AS s
       WHERE s.stxnamespace = 'mana_ai'::regnamespace
    )
    SELECT kind, name, wanted
      FROM found
     WHERE owner <> wanted
       AND NOT EXISTS (
             SELECT
               FROM pg_depend AS d
              WHERE d.classid = found.class_oid AND d.objid = found.oid
                AND (d.deptype = 'e' OR (found.kind = 'SEQUENCE' AND d.deptype IN ('a', 'i')
                                         AND d.refclassid = 'pg_class'::regclass)))
     ORDER BY kind, name
  LOOP
    EXECUTE format(
      'ALTER %s %s OWNER TO %I', foreign_object.kind, foreign_object.name, pg_get_userbyid(foreign_object.wanted));
    INSERT INTO pg_temp.said (line)
    SELECT format('%s %s: taken over', lower(foreign_object.kind), foreign_object.name);
  END LOOP;
END
$$;

-- A NOINHERIT login has none of its roles' rights without SET ROLE, so it is granted its own.
REVOKE ALL ON SCHEMA mana_ai FROM PUBLIC, mana_ai_user;
GRANT USAGE ON SCHEMA mana_ai TO mana_ai_reader;
REVOKE ALL ON ALL TABLES IN SCHEMA mana_ai FROM PUBLIC, mana_ai_user;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA mana_ai FROM PUBLIC, mana_ai_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA mana_ai TO mana_ai_reader;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA mana_ai TO mana_ai_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE mana_ai_owner IN SCHEMA mana_ai
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mana_ai_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE mana_ai_owner IN SCHEMA mana_ai
  GRANT USAGE, SELECT ON SEQUENCES TO mana_ai_reader;

-- The log: the login reads all of it, and only mana_ai_user, bound by the policy, writes.
GRANT USAGE ON SCHEMA public TO mana_ai_reader, mana_ai_user;
REVOKE ALL ON public.sync_changes FROM mana_ai_reader, mana_ai_user;
GRANT SELECT ON public.sync_changes TO mana_ai_reader;
GRANT SELECT, INSERT ON public.sync_changes TO mana_ai_user;
INSERT INTO pg_temp.said (line) VALUES ('grants: in place');

COMMIT;

\if :wakeup_trigger
  BEGIN;
  -- The trigger waits for a lock that queues mana-sync's inserts behind it; better to fail and be run again.
  SET LOCAL lock_timeout TO '5s';

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
  $$;

  -- It runs as whoever inserts: it belongs to the log's owner, so that no role of ours could give it another body.
  -- Firing needs no grant: EXECUTE is asked of the trigger's maker alone.
  SELECT format('ALTER FUNCTION mana_ai.wake_on_insert() OWNER TO %I', pg_get_userbyid(relowner))
    FROM pg_class
   WHERE oid = 'public.sync_changes'::regclass \gexec

  CREATE OR REPLACE TRIGGER mana_ai_wake_up BEFORE INSERT ON public.sync_changes
    FOR EACH ROW
    EXECUTE FUNCTION mana_ai.wake_on_insert();
  -- What versions before had AFTER each row.
  DROP FUNCTION IF EXISTS mana_ai.wake_up();

  INSERT INTO pg_temp.said (line) VALUES ('trigger mana_ai_wake_up on public.sync_changes: in place');
  COMMIT;
\endif

\if :log_index
  -- A build that failed leaves an INVALID index, which IF NOT EXISTS would take for a good one. One that another
  -- session is building just now is INVALID too, and is left to it.
  SELECT EXISTS (
           SELECT
             FROM pg_index AS i
            WHERE i.indexrelid = to_regclass('public.mana_ai_log_created_at')
              AND NOT i.indisvalid
              AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.index_relid = i.indexrelid)
         ) AS is_index_broken,
         to_regclass('public.mana_ai_log_created_at') IS NOT NULL AS is_index_there \gset

  \if :is_index_broken
    DROP INDEX CONCURRENTLY public.mana_ai_log_created_at;
    INSERT INTO pg_temp.said (line) VALUES ('index mana_ai_log_created_at: was INVALID; dropped, and built again');
  \elif :is_index_there
    INSERT INTO pg_temp.said (line) VALUES ('index mana_ai_log_created_at: was there');
  \else
    INSERT INTO pg_temp.said (line) VALUES ('index mana_ai_log_created_at: created');
  \endif

  CREATE INDEX CONCURRENTLY IF NOT EXISTS mana_ai_log_created_at ON public.sync_changes (created_at)
    WHERE app_id = 'ai' AND table_name IN ('aiMissions', 'agents');
\endif

SELECT line FROM pg_temp.said ORDER BY line_no;
\echo 'ManaAi can log in to this database as mana_ai_reader.'

-- Makes a change log of aiMissions to measure on.
--
-- Usage (psql 13+; every variable has a default):
--   psql -v gen=head -v missions=100000 -v rows_per=10 -v due=0 -f gen_sync_changes.sql <db>
--
-- Variables
--   gen       v1   = column field_timestamps
--             head = columns field_meta + origin + space_id            (default head)
--   missions  number of missions                                        (default 1000)
--   rows_per  rows per mission: 1 insert + rows_per-1 updates           (default 10)
--   per_user  missions per user                                         (default 5)
--   due       the first :due missions end up active with a nextRunAt
--             in the past; every other one is due a year from now       (default 0)
--   days      the log is spread evenly over the last :days days         (default 30)
--   us        1 = created_at keeps microseconds (what DEFAULT now() stores)
--             0 = created_at truncated to whole milliseconds            (default 1)
--   noise     additional rows of other apps, interleaved in time        (default 0)
--   reset     1 = drop and recreate the table first                     (default 1)
--
-- Rows are written in created_at order (the way an append-only log grows), so
-- the updates of different missions interleave physically. About 5 % of the
-- updates carry a field time older than the previous write of that field, so a
-- field-level last-writer-wins fold has something to reject. 90 % of missions
-- are active, 5 % paused, 5 % done.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
\if :{?gen}      \else \set gen head      \endif
\if :{?missions} \else \set missions 1000 \endif
\if :{?rows_per} \else \set rows_per 10   \endif
\if :{?per_user} \else \set per_user 5    \endif
\if :{?due}      \else \set due 0         \endif
\if :{?days}     \else \set days 30       \endif
\if :{?us}       \else \set us 1          \endif
\if :{?noise}    \else \set noise 0       \endif
\if :{?reset}    \else \set reset 1       \endif
SELECT (:'gen' = 'head') AS is_head \gset

\if :reset
DROP TABLE IF EXISTS sync_changes;
\endif

\if :is_head
CREATE TABLE IF NOT EXISTS sync_changes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    app_id text NOT NULL, table_name text NOT NULL,
    record_id text NOT NULL, user_id text NOT NULL,
    op text NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
    data jsonb, field_meta jsonb DEFAULT '{}',
    client_id text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    schema_version int NOT NULL DEFAULT 1, actor jsonb, origin text, space_id text);
-- the bulk insert below is shared by both generations; origin comes from a temporary default
ALTER TABLE sync_changes ALTER COLUMN origin SET DEFAULT 'user';
\set ft_col field_meta
\else
CREATE TABLE IF NOT EXISTS sync_changes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    app_id text NOT NULL, table_name text NOT NULL,
    record_id text NOT NULL, user_id text NOT NULL,
    op text NOT NULL CHECK (op IN ('insert', 'update', 'delete')),
    data jsonb, field_timestamps jsonb DEFAULT '{}',
    client_id text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    schema_version int NOT NULL DEFAULT 1, actor jsonb);
\set ft_col field_timestamps
\endif

-- helpers live in a scratch schema and are dropped at the end
DROP SCHEMA IF EXISTS gen_tmp CASCADE;
CREATE SCHEMA gen_tmp;

CREATE FUNCTION gen_tmp.iso(t timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- deterministic uuid-shaped ids
CREATE FUNCTION gen_tmp.uid(kind text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT md5(kind || ':' || n)::uuid::text $$;

-- ~n characters of word-like markdown, different per seed
CREATE FUNCTION gen_tmp.prose(seed text, n int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT left('# Concept' || E'\n\n' || string_agg(
       translate(substr(h, 1, 5 + g % 4), '0123456789', 'aeioulnrst') || ' ' ||
       substr('werden planen Ziel und Kontext der Woche ', 1 + (g * 7) % 20, 12), ' '), n)
     FROM (SELECT g, md5(seed || g) AS h FROM generate_series(1, n / 16 + 2) g) w $$;

-- value of one field of mission m at revision k (k = 0 is the insert)
CREATE FUNCTION gen_tmp.field(f text, m bigint, k int, due bool, at timestamptz) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE f
    WHEN 'title'           THEN to_jsonb('Mission ' || m || ' rev ' || k)
    WHEN 'objective'       THEN to_jsonb(gen_tmp.prose('o' || m || '/' || k, 120))
    WHEN 'conceptMarkdown' THEN to_jsonb(gen_tmp.prose('c' || m || '/' || k, 500))
    WHEN 'state'           THEN to_jsonb(CASE WHEN due OR m % 20 > 1 THEN 'active'
                                              WHEN m % 20 = 0 THEN 'paused' ELSE 'done' END)
    WHEN 'nextRunAt'       THEN to_jsonb(gen_tmp.iso(CASE WHEN due
                                  THEN now() - interval '1 hour' - m * interval '1 second'
                                  ELSE now() + interval '365 days' + m * interval '1 second' END))
    WHEN 'cadence'         THEN jsonb_build_object('kind', 'daily', 'atHour', (m % 24)::int, 'atMinute', k * 5 % 60)
    WHEN 'updatedAt'       THEN to_jsonb(gen_tmp.iso(at))
  END $$;

INSERT INTO sync_changes (app_id, table_name, record_id, user_id, op, data, :ft_col,
                          client_id, created_at, actor)
SELECT 'ai', 'aiMissions', gen_tmp.uid('mission', m), gen_tmp.uid('user', m / :per_user),
       CASE WHEN k = 0 THEN 'insert' ELSE 'update' END,
       d.data, d.ft, 'client-' || (m % 7), c.created_at,
       jsonb_build_object('kind', 'user', 'principalId', gen_tmp.uid('user', m / :per_user), 'displayName', 'User')
FROM generate_series(0, :rows_per - 1) k
CROSS JOIN generate_series(0, :missions - 1) m
CROSS JOIN LATERAL (
  SELECT CASE WHEN :us = 1 THEN t ELSE date_trunc('milliseconds', t) END AS created_at
  FROM (SELECT now() - make_interval(days => :days)
               + ((k::float8 * :missions + m) / (:rows_per::float8 * :missions)) * make_interval(days => :days)
               + ((m::bigint * 7919 + k * 104729) % 1000) * interval '1 microsecond' AS t) x) c
CROSS JOIN LATERAL (
  -- the client stamped the write shortly before the server stored it;
  -- one update in twenty is a late arrival from an offline device
  SELECT c.created_at - interval '150 milliseconds'
         - CASE WHEN k > 0 AND (m * 31 + k * 17) % 20 = 0
                THEN 3 * make_interval(days => :days) / :rows_per ELSE interval '0' END AS at) s
CROSS JOIN LATERAL (
  SELECT CASE WHEN k = 0
    THEN jsonb_build_object('id', gen_tmp.uid('mission', m), 'inputs', '[]'::jsonb, 'iterations', '[]'::jsonb,
                            'createdAt', gen_tmp.iso(s.at))
    ELSE '{}'::jsonb END || o.obj AS data,
    CASE WHEN k = 0
    THEN jsonb_build_object('id', gen_tmp.iso(s.at), 'inputs', gen_tmp.iso(s.at), 'iterations', gen_tmp.iso(s.at),
                            'createdAt', gen_tmp.iso(s.at))
    ELSE '{}'::jsonb END || o.ft AS ft
  FROM (SELECT jsonb_object_agg(f, gen_tmp.field(f, m, k, m < :due, s.at)) AS obj,
               jsonb_object_agg(f, gen_tmp.iso(s.at)) AS ft
        FROM unnest(CASE
          WHEN k = 0     THEN ARRAY['title','objective','conceptMarkdown','cadence','state','nextRunAt','updatedAt']
          WHEN k % 5 = 1 THEN ARRAY['title','updatedAt']
          WHEN k % 5 = 2 THEN ARRAY['nextRunAt']
          WHEN k % 5 = 3 THEN ARRAY['conceptMarkdown','updatedAt']
          WHEN k % 5 = 4 THEN ARRAY['objective','cadence','nextRunAt']
          ELSE                ARRAY['state','nextRunAt','updatedAt'] END) f) o) d
ORDER BY c.created_at;

INSERT INTO sync_changes (app_id, table_name, record_id, user_id, op, data, :ft_col, client_id, created_at)
SELECT 'todo', 'tasks', gen_tmp.uid('task', n / 4), gen_tmp.uid('user', n % greatest(1, :missions / :per_user)),
       CASE WHEN n % 4 = 0 THEN 'insert' ELSE 'update' END,
       jsonb_build_object('title', 'Task ' || n, 'done', n % 3 = 0, 'note', gen_tmp.prose('t' || n, 120)),
       jsonb_build_object('title', gen_tmp.iso(c.t), 'done', gen_tmp.iso(c.t), 'note', gen_tmp.iso(c.t)),
       'client-' || (n % 7), c.t
FROM generate_series(0, :noise - 1) n
CROSS JOIN LATERAL (SELECT now() - make_interval(days => :days)
                    + (n::float8 / greatest(1, :noise)) * make_interval(days => :days) AS t) c;

\if :is_head
ALTER TABLE sync_changes ALTER COLUMN origin DROP DEFAULT;
\endif

CREATE INDEX IF NOT EXISTS idx_sync_changes_user_app     ON sync_changes (user_id, app_id, created_at);
CREATE INDEX IF NOT EXISTS idx_sync_changes_table_record ON sync_changes (table_name, record_id, created_at);
CREATE INDEX IF NOT EXISTS idx_sync_changes_since        ON sync_changes (user_id, app_id, table_name, created_at);
\if :is_head
CREATE INDEX IF NOT EXISTS idx_sync_changes_user_space_app_since
    ON sync_changes (user_id, space_id, app_id, created_at) WHERE space_id IS NOT NULL;
\endif

ALTER TABLE sync_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_changes FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS sync_changes_user_isolation ON sync_changes;
CREATE POLICY sync_changes_user_isolation ON sync_changes
    USING (user_id = current_setting('app.current_user_id', true))
    WITH CHECK (user_id = current_setting('app.current_user_id', true));

DROP SCHEMA gen_tmp CASCADE;
VACUUM (ANALYZE) sync_changes;
SELECT count(*) AS rows, count(DISTINCT record_id) AS records, count(DISTINCT user_id) AS users,
       pg_size_pretty(pg_table_size('sync_changes')) AS heap,
       pg_size_pretty(pg_indexes_size('sync_changes')) AS indexes,
       round(avg(pg_column_size(data))) AS avg_data_bytes
FROM sync_changes;

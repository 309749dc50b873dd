-- A few believable missions for a demonstration, as devices of generation 2 would have written them; due at once.
-- Run once, by a superuser, after change-log-g2.sql.

\set ON_ERROR_STOP on
\set QUIET on
BEGIN;

CREATE FUNCTION pg_temp.stamp(instant timestamptz) RETURNS text LANGUAGE sql AS $$
  SELECT to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- One record as a device first writes it: all fields of one time, and the user as its actor.
CREATE FUNCTION pg_temp.write(table_name text, user_id text, user_name text, record jsonb) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO public.sync_changes
    (app_id, table_name, record_id, user_id, op, data, field_meta, client_id, created_at, actor, origin)
  SELECT 'ai', table_name, record ->> 'id', user_id, 'insert', whole.data,
         (SELECT jsonb_object_agg(key, jsonb_build_object('at', pg_temp.stamp(at), 'actor', by.actor, 'origin', 'user'))
            FROM jsonb_object_keys(whole.data) AS key),
         'demo-device-of-' || user_id, at, by.actor, 'user'
    FROM (SELECT now() - interval '1 day') AS written (at),
         LATERAL (SELECT jsonb_build_object('kind', 'user', 'principalId', user_id, 'displayName', user_name)) AS by (actor),
         LATERAL (SELECT record || jsonb_build_object('createdAt', pg_temp.stamp(at), 'updatedAt', pg_temp.stamp(at)))
           AS whole (data)
$$;

CREATE FUNCTION pg_temp.mission(
  id text, user_id text, user_name text, title text, objective text, concept text, cadence jsonb, more jsonb
) RETURNS void LANGUAGE sql AS $$
  SELECT pg_temp.write('aiMissions', user_id, user_name,
           jsonb_build_object(
             'id', id, 'title', title, 'objective', objective, 'conceptMarkdown', concept, 'state', 'active',
             'cadence', cadence, 'nextRunAt', pg_temp.stamp(now()),
             'inputs', '[]'::jsonb, 'iterations', '[]'::jsonb) || more)
$$;

DO $$
BEGIN
  PERFORM pg_temp.write('agents', 'anna', 'Anna', jsonb_build_object(
    'id', '5b0c7a52-6a53-4a5e-9d0e-2f5f0a1c0001', 'name', 'Frida', 'role', 'Keeps the week light', 'state', 'active',
    'systemPrompt', 'You are calm and brief. Prefer one good step to three.', 'maxConcurrentMissions', 1,
    'maxTokensPerDay', 200000,
    'policy', '{"tools": {}, "defaultsByModule": {}, "defaultForAi": "propose"}'::jsonb));

  PERFORM pg_temp.mission(
    '0d9f6c1e-5b0a-4a57-8a55-7c1f5d000001', 'anna', 'Anna', 'A plan for the day',
    'Look at what is open and propose the three things that matter most today.',
    E'## How\n\nOne thing for work, one for home, one for me. Nothing that takes longer than two hours.',
    '{"kind": "daily", "atHour": 7, "atMinute": 30}',
    '{"agentId": "5b0c7a52-6a53-4a5e-9d0e-2f5f0a1c0001"}');

  PERFORM pg_temp.mission(
    '0d9f6c1e-5b0a-4a57-8a55-7c1f5d000002', 'anna', 'Anna', 'Wochenrückblick',
    'Fasse die Woche zusammen und schlage vor, was nächste Woche anders werden soll.',
    E'Sonntagabend, höchstens zehn Zeilen. Was lief gut, was blieb liegen, was lasse ich sein?',
    '{"kind": "weekly", "dayOfWeek": 0, "atHour": 18}', '{}');

  PERFORM pg_temp.mission(
    '0d9f6c1e-5b0a-4a57-8a55-7c1f5d000003', 'ben', 'Ben', 'Drink more water',
    'Remind me to drink, and keep count, so that I reach two litres by the evening.',
    'A small nudge is enough. Never at night.',
    '{"kind": "interval", "everyMinutes": 5}', '{}');

  PERFORM pg_temp.mission(
    '0d9f6c1e-5b0a-4a57-8a55-7c1f5d000004', 'ben', 'Ben', 'Move to Leipzig',
    'Collect what has to be done before the move on the first of the month, in a sensible order.',
    E'- flat is found, contract signed\n- two rooms, one piano\n- nobody has asked for offers yet',
    '{"kind": "manual"}', '{}');

  -- And one that must stay alone: `paused` is never due.
  PERFORM pg_temp.mission(
    '0d9f6c1e-5b0a-4a57-8a55-7c1f5d000005', 'ben', 'Ben', 'Learn Portuguese',
    'Propose one exercise a day.', '', '{"kind": "daily", "atHour": 20, "atMinute": 0}', '{"state": "paused"}');
END
$$;

COMMIT;

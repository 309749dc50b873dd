-- Makes a ledger as ninety days of use leave it: closed runs of the projected missions, what they cost, and the events
-- of the last ones. Variables: runs (default 1000000), events_of (of how many of the last runs, default 100000).

\set ON_ERROR_STOP on
SET client_min_messages = warning;
\if :{?runs}      \else \set runs 1000000     \endif
\if :{?events_of} \else \set events_of 100000 \endif

-- The triggers would tell of each run as if it happened now.
SET session_replication_role = replica;

CREATE TEMP TABLE numbered AS
SELECT row_number() OVER (ORDER BY user_id, mission_id) - 1 AS number, user_id, mission_id, agent_id
  FROM mana_ai.missions;
CREATE UNIQUE INDEX ON numbered (number);
ANALYZE numbered;

-- Each active mission is due once between one hour and a day from now: nothing becomes due while it is measured.
UPDATE mana_ai.missions m
   SET next_run_at = date_trunc('minute', now()) + interval '1 hour' + (n.number * 7919 % 1380) * interval '1 minute'
  FROM numbered n
 WHERE (m.user_id, m.mission_id) = (n.user_id, n.mission_id) AND m.state = 'active';

INSERT INTO mana_ai.runs (user_id, mission_id, due_at, opened_at, claimable_at, owner, epoch, claimed_at, attempts, calls,
                          model, prompt_version, prompt_tokens, completion_tokens, verdict, reason, detail, has_plan,
                          iteration_id, closed_at, agent_id, calls_ms)
SELECT m.user_id, m.mission_id, t.at, t.at + interval '1 second', t.at, 'bench-' || n % 3, 1, t.at + interval '2 seconds',
       1, 1, CASE WHEN n % 5 = 0 THEN 'mana/fast-text' ELSE 'mana/reasoning' END, 'bench', 600 + n % 700, 150 + n % 200,
       v.verdict, v.reason, CASE WHEN v.verdict = 'failed' THEN 'as the bench says' END, v.verdict = 'planned',
       CASE WHEN v.verdict IN ('planned', 'failed', 'empty') THEN gen_random_uuid() END,
       t.at + interval '9 seconds', m.agent_id, 4000 + n % 3000
  FROM generate_series(0, :runs - 1) n
  JOIN numbered m ON m.number = n % (SELECT count(*) FROM numbered)
 CROSS JOIN LATERAL (SELECT now() - interval '90 days' + (n::float8 / :runs) * interval '89 days 23 hours 59 minutes') t (at)
 CROSS JOIN LATERAL (SELECT CASE WHEN n % 50 = 7 THEN 'failed' WHEN n % 20 = 3 THEN 'skipped' WHEN n % 9 = 1 THEN 'empty'
                                 ELSE 'planned' END,
                            CASE WHEN n % 50 = 7 THEN (ARRAY['unusable-plan', 'llm-unavailable', 'rejected'])[1 + n % 3]
                                 WHEN n % 20 = 3 THEN (ARRAY['awaiting-review', 'budget', 'missed'])[1 + n % 3] END) v (verdict, reason)
 ORDER BY n;

INSERT INTO mana_ai.token_usage (used_at, run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens,
                                 is_estimate)
SELECT closed_at, run_id, user_id, mission_id, agent_id, model, prompt_tokens, completion_tokens, run_id % 100 = 0
  FROM mana_ai.runs WHERE verdict <> 'skipped' ORDER BY run_id;

INSERT INTO mana_ai.events (at, kind, user_id, mission_id, run_id, due_at, epoch, node, detail)
SELECT r.due_at + e.after, coalesce(e.kind, r.verdict), r.user_id, r.mission_id, r.run_id, r.due_at, 1,
       CASE WHEN e.after > interval '1 second' THEN r.owner END, coalesce(e.detail, r.reason)
  FROM (SELECT * FROM mana_ai.runs ORDER BY run_id DESC LIMIT :events_of) r
 CROSS JOIN (VALUES ('due', interval '1 second', NULL), ('claimed', interval '2 seconds', 'attempt 1'),
                    ('asked', interval '2.1 seconds', 'call 1 to mana/reasoning'),
                    ('answered', interval '8.9 seconds', '1016 tokens so far'),
                    (NULL, interval '9 seconds', NULL)) e (kind, after, detail)
 ORDER BY r.run_id, e.after;

VACUUM (ANALYZE) mana_ai.runs;
VACUUM (ANALYZE) mana_ai.token_usage;
VACUUM (ANALYZE) mana_ai.events;
VACUUM (ANALYZE) mana_ai.missions;

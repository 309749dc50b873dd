-- What operators page through: each list in the order of an index, so that a page costs what it shows. Partial, so that
-- runs under way, whose rows change often, pay for none of them.

-- In the order in which due missions are listed; it also serves whoever only looks for what is due.
create index missions_due_turn on mana_ai.missions (next_run_at, user_id, mission_id)
    where state = 'active' and not deleted and obstacle is null and next_run_at is not null;
drop index mana_ai.missions_due;
create index missions_by_state on mana_ai.missions (state, user_id, mission_id) where not deleted;
create index missions_by_agent on mana_ai.missions (agent_id, user_id, mission_id) where agent_id is not null and not deleted;

create index runs_by_verdict on mana_ai.runs (verdict, run_id) where verdict is not null;
create index runs_by_reason on mana_ai.runs (reason, run_id) where reason is not null;
create index runs_failed on mana_ai.runs (user_id, mission_id) where verdict = 'failed';

-- Why each occurrence is where it is, and what an operator asked for.

-- What happened to each occurrence, oldest first. Written by the trigger below, so that nothing that happens to a run can
-- go untold, whichever node and whichever version does it. No text of a user stands here.
create table mana_ai.events (
    event_id    bigint      generated always as identity primary key,
    at          timestamptz not null default clock_timestamp(),
    kind        text        not null,
    user_id     text        collate "C" not null,
    mission_id  text        collate "C" not null,
    run_id      bigint,
    due_at      timestamptz,
    epoch       bigint,
    node        text,
    detail      text
);
create index events_of_mission on mana_ai.events (user_id, mission_id, event_id);
create index events_of_run on mana_ai.events (run_id, event_id);
create index events_by_time on mana_ai.events (at);

-- What an operator has stopped: the whole service (both empty), a user's missions (mission_id empty), or one mission.
create table mana_ai.pauses (
    user_id     text        collate "C" not null default '',
    mission_id  text        collate "C" not null default '',
    reason      text        not null,
    paused_at   timestamptz not null default clock_timestamp(),
    -- null: until someone resumes.
    until       timestamptz,
    primary key (user_id, mission_id),
    check ((user_id <> '') >= (mission_id <> ''))
);

-- Until when a mission's runs must wait; null where nothing has stopped them.
create function mana_ai.paused_until(text, text) returns timestamptz language sql stable as $$
    select max(coalesce(p.until, 'infinity'))
      from mana_ai.pauses p
     where p.user_id = $1 and p.mission_id in ('', $2) and (p.until is null or p.until > now())
$$;

alter table mana_ai.runs
    -- The failed run that this one repeats.
    add column retry_of bigint,
    -- Why the last answer was no plan.
    add column last_refusal text;

create function mana_ai.tell_run() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch, detail)
        values (case new.kind when 'manual' then 'asked-for' else 'due' end, new.user_id, new.mission_id, new.run_id,
                new.due_at, new.epoch, case when new.retry_of is not null then 'repeats run ' || new.retry_of end);
        return null;
    end if;

    if new.verdict is not null and old.verdict is null then
        insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch, node, detail)
        values (new.verdict, new.user_id, new.mission_id, new.run_id, new.due_at, new.epoch,
                case when new.verdict <> 'superseded' then new.owner end,
                nullif(concat_ws(': ', new.reason, new.detail), ''));
    elsif new.verdict is null and old.verdict is not null then
        insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch)
        values ('reopened', new.user_id, new.mission_id, new.run_id, new.due_at, new.epoch);
    elsif new.lease_until is not null and new.epoch > old.epoch then
        insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch, node, detail)
        values (case when old.lease_until is null then 'claimed' else 'taken-over' end, new.user_id, new.mission_id,
                new.run_id, new.due_at, new.epoch, new.owner, 'attempt ' || new.attempts);
    elsif new.calls > old.calls then
        if new.last_refusal is distinct from old.last_refusal and new.last_refusal is not null then
            insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch, node, detail)
            values ('answer-refused', new.user_id, new.mission_id, new.run_id, new.due_at, new.epoch, new.owner,
                    new.last_refusal);
        end if;
        insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch, node, detail)
        values ('asked', new.user_id, new.mission_id, new.run_id, new.due_at, new.epoch, new.owner,
                'call ' || new.calls || ' to ' || new.model);
    elsif jsonb_array_length(new.answers) > jsonb_array_length(old.answers) then
        insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch, node, detail)
        values ('answered', new.user_id, new.mission_id, new.run_id, new.due_at, new.epoch, new.owner,
                (new.prompt_tokens + new.completion_tokens) || ' tokens so far');
    elsif new.lease_until is null and old.lease_until is not null then
        insert into mana_ai.events (kind, user_id, mission_id, run_id, due_at, epoch, node, detail)
        values (case when new.waits_for is null then 'handed-back' else 'waits' end, new.user_id, new.mission_id,
                new.run_id, new.due_at, new.epoch, new.owner,
                nullif(concat_ws(': ', new.waits_for, new.last_error), ''));
    end if;

    return null;
end $$;

create trigger tell_run after insert or update on mana_ai.runs
    for each row execute function mana_ai.tell_run();

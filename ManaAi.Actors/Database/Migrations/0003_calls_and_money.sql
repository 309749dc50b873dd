-- Calls to mana-llm that fail, and what calls cost: both are everyone's business, so both stand in rows.

-- How the calls of the last minutes ended, for the breaker. Each node counts in rows of its own.
create table mana_ai.llm_calls (
    node      text        collate "C" not null,
    -- Five seconds each.
    bucket    timestamptz not null,
    answered  int         not null default 0,
    -- By transport, 5xx or timeout.
    failed    int         not null default 0,
    primary key (bucket, node)
);

-- While one of these is open nobody claims; when its time is over one claim goes through, as a probe.
create table mana_ai.llm_breakers (
    -- failures: too many calls failed. authorization: mana-llm refuses the key.
    cause        text        primary key check (cause in ('failures', 'authorization')),
    is_open      boolean     not null default false,
    opened_at    timestamptz,
    -- Until when it holds everything back; afterwards it is half open.
    open_until   timestamptz,
    -- How often it was opened anew since it was last closed: the waits grow with it.
    trips        int         not null default 0,
    -- The claim that was let through.
    probe_run    bigint,
    probe_epoch  bigint,
    detail       text,
    check (is_open <= (opened_at is not null and open_until is not null))
);
insert into mana_ai.llm_breakers (cause) values ('authorization'), ('failures');

-- Models for which mana-llm answers 429, and until when it asked to be left alone.
create table mana_ai.llm_rate_limits (
    model       text        collate "C" primary key,
    held_until  timestamptz not null,
    -- Since when no call has been answered otherwise.
    since       timestamptz not null
);

-- What each answer cost, as the server counted it, or as it was estimated where it did not say.
create table mana_ai.token_usage (
    usage_id           bigint      generated always as identity primary key,
    used_at            timestamptz not null default clock_timestamp(),
    run_id             bigint      not null,
    user_id            text        collate "C" not null,
    mission_id         text        collate "C" not null,
    agent_id           text        collate "C",
    model              text        not null,
    prompt_tokens      bigint      not null,
    completion_tokens  bigint      not null,
    is_estimate        boolean     not null
);
create index token_usage_by_time on mana_ai.token_usage (used_at) include (prompt_tokens, completion_tokens);
create index token_usage_by_user on mana_ai.token_usage (user_id, used_at)
    include (mission_id, agent_id, prompt_tokens, completion_tokens);

-- Locked by whoever admits a call under a budget: service, user, agent or mission.
create table mana_ai.budgets (
    scope  text collate "C" primary key
);

alter table mana_ai.runs
    -- The agent that it was claimed for; null where there is none.
    add column agent_id         text   collate "C",
    -- Tokens that the call under way may cost; settled with what it did cost.
    add column reserved_tokens  bigint not null default 0,
    -- How long all its calls took together.
    add column calls_ms         bigint not null default 0,
    -- By how many periods its end moved the schedule: more than one after several failures.
    add column periods          int    not null default 1;

create index runs_reserved on mana_ai.runs (user_id) include (reserved_tokens)
    where verdict is null and reserved_tokens > 0;
create index runs_agents on mana_ai.runs (user_id, agent_id) where verdict is null and lease_until is not null;

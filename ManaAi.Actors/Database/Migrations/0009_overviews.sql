-- What operators look at: failures of the last hours by cause, and the rows that came late.

-- Small, since only failures stand in it; without it a cause is looked for among all runs of the time.
create index runs_failed_by_time on mana_ai.runs (closed_at) where verdict = 'failed';

alter table mana_ai.ticks
    -- Changes that became visible behind the margin, and were found all the same.
    add column late_rows bigint not null default 0;

-- The open runs of a user, in the order of claims, for claims alone: who looks for the open run of one mission was given
-- this index where its statistics called it empty, and read all of that user's open runs. claimable_at is never null;
-- only what compares it may use the index now.
drop index mana_ai.runs_waiting;
create index runs_waiting on mana_ai.runs (user_id, priority, due_at)
    where verdict is null and claimable_at is not null;

-- A mission's row has some 1,600 bytes. What fillfactor kept free of a page was too little for another of them, so nearly
-- each edit wrote to every index; a quarter of the page is enough. Pages take it on as they are filled anew.
alter table mana_ai.missions set (fillfactor = 75);

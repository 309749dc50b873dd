-- Users whose texts were taken out of here on request while the change log still holds them. What it says of them is not
-- folded any more, whichever way it is read. The row goes when they are forgotten once more after the log is empty of them.
create table mana_ai.forgotten_users (
    user_id       text        collate "C" primary key,
    forgotten_at  timestamptz not null default clock_timestamp()
);

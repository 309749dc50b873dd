-- Who is not ready yet, or paused without an end, is passed over within the index and not looked up in the table.
drop index mana_ai.users_turn;
create index users_turn on mana_ai.users (turn_at, ready_at) where ready_at is not null;

-- Whose turn it is, in the order of claims: each claim sorted all who were waiting to find the first few.
create index users_turn on mana_ai.users (turn_at) where ready_at is not null;

-- Tokens are reserved, and agents are capped, by runs under a lease: few for each user, and found by runs_leased. Without
-- these two indexes a call is counted, and its answer kept, without a new entry in any index.
drop index mana_ai.runs_reserved;
drop index mana_ai.runs_agents;

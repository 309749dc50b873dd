-- Which processes of this service there are. Nothing is decided by it: it only shows. A node of the version before does
-- not know of it and works as it did.
create table mana_ai.nodes (
    node_id       text        collate "C" primary key,
    version       text        not null,
    -- host:port, where its endpoints answer.
    address       text        not null,
    started_at    timestamptz not null,
    heartbeat_at  timestamptz not null,
    -- Without a heartbeat for longer than this it counts as gone.
    silence_max   interval    not null,
    -- Plans under way at the last heartbeat.
    plans         int         not null,
    -- When it stopped, or another node missed its heartbeat; null while it lives.
    gone_at       timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 100);

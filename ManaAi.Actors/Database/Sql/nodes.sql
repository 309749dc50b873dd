-- name: Beat
-- I live. A paused node that comes back is alive again by its next beat.
insert into mana_ai.nodes (node_id, version, address, started_at, heartbeat_at, silence_max, plans)
select @node, @version, @address, clock_timestamp() - @up_for::interval, clock_timestamp(), @silence_max::interval,
       (select count(*)::int from mana_ai.runs
         where owner = @node and verdict is null and lease_until >= now())
    on conflict (node_id) do update
   set version = excluded.version, address = excluded.address, heartbeat_at = excluded.heartbeat_at,
       silence_max = excluded.silence_max, plans = excluded.plans, gone_at = null

-- name: LookAround
-- Who is silent for too long does not live, and who is long gone is forgotten. After the own row is written and locked,
-- and rows that others have locked are skipped: two nodes that come back at once take each other for gone, and must not
-- wait for each other in a circle.
with silent as (
    select node_id from mana_ai.nodes
     where node_id <> @node and gone_at is null and heartbeat_at < clock_timestamp() - silence_max
       for update skip locked
),
gone as (
    update mana_ai.nodes n set gone_at = clock_timestamp(), plans = 0 from silent where n.node_id = silent.node_id
    returning n.node_id
),
old as (
    select node_id from mana_ai.nodes
     where node_id <> @node and gone_at < clock_timestamp() - interval '7 days'
       for update skip locked
),
forgotten as (delete from mana_ai.nodes n using old where n.node_id = old.node_id)
select 1 + (select count(*) from mana_ai.nodes
             where node_id <> @node and gone_at is null and heartbeat_at >= clock_timestamp() - silence_max),
       array(select node_id from gone order by node_id)

-- name: Leave
update mana_ai.nodes set heartbeat_at = clock_timestamp(), gone_at = clock_timestamp(), plans = 0 where node_id = @node

-- name: ListNodes
-- As of now: silence counts although nobody is left to note it, and plans are counted anew. The living first.
select n.node_id, n.version, n.address, n.started_at, n.heartbeat_at,
       coalesce(n.gone_at, case when n.heartbeat_at < clock_timestamp() - n.silence_max
                                then n.heartbeat_at + n.silence_max end) as gone_at,
       (select count(*)::int from mana_ai.runs r
         where r.owner = n.node_id and r.verdict is null and r.lease_until >= now()) as plans
  from mana_ai.nodes n
 order by gone_at desc nulls first, n.started_at, n.node_id
 limit @nodes_max

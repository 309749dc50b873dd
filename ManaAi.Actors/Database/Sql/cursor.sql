-- name: LockCursor
-- The lock lets one node fold at a time; another that finds it taken goes on with what is there.
select c.system_identifier, c.database_oid, c.table_oid, c.generation,
       c.read_at, pg_snapshot_xmin(c.snapshot)::text::bigint as xmin, pg_snapshot_xmax(c.snapshot)::text::bigint as xmax,
       c.swept_at, pg_snapshot_xmin(c.sweep_snapshot)::text::bigint as sweep_xmin,
       (select s.system_identifier::text from pg_control_system() s) as own_system_identifier,
       (select d.oid::bigint from pg_database d where d.datname = current_database()) as own_database_oid,
       coalesce(to_regclass('public.sync_changes')::oid::bigint, 0) as own_table_oid
  from mana_ai.cursor c
   for update skip locked

-- name: ClusterNow
-- After the lock and in a statement of its own: the locked row is the latest, while the snapshot of the statement that
-- locked it may be older than the one that another node has just stored there, as if the cluster had been restored.
select pg_snapshot_xmax(pg_current_snapshot())::text::bigint, clock_timestamp()

-- name: SaveCursor
-- A batch cut off by its limit leaves read_at and snapshot as they are; a sweep moves its own snapshot too.
update mana_ai.cursor
   set read_at = @read_at, snapshot = @snapshot::pg_snapshot,
       swept_at = case when @is_sweep then @read_at else swept_at end,
       sweep_snapshot = case when @is_sweep then @snapshot::pg_snapshot else sweep_snapshot end

-- name: StartCursor
update mana_ai.cursor
   set system_identifier = @system_identifier, database_oid = @database_oid, table_oid = @table_oid,
       generation = @generation, read_at = @read_at, snapshot = @snapshot::pg_snapshot,
       swept_at = @read_at, sweep_snapshot = @snapshot::pg_snapshot

-- name: PruneFolded
-- What is older than the sweep's xmin no read asks for again. The comparison is that of 32-bit ids that wrap.
delete from mana_ai.folded_changes where ((xid - @xmin) & 4294967295) >= 2147483648

-- name: FoldedAmong
select change_id from mana_ai.folded_changes where change_id = any(@ids)

-- name: RecordFolded
insert into mana_ai.folded_changes (change_id, user_id, table_name, record_id, xid)
select * from unnest(@ids, @users, @tables, @records, @xids)
    on conflict (change_id) do nothing

-- name: ForgetAllFolded
delete from mana_ai.folded_changes

-- name: SeeCursor
-- As LockCursor, for whoever only looks.
select c.system_identifier, c.database_oid, c.table_oid, c.generation,
       c.read_at, pg_snapshot_xmin(c.snapshot)::text::bigint as xmin, pg_snapshot_xmax(c.snapshot)::text::bigint as xmax,
       c.swept_at, pg_snapshot_xmin(c.sweep_snapshot)::text::bigint as sweep_xmin,
       (select s.system_identifier::text from pg_control_system() s) as own_system_identifier,
       (select d.oid::bigint from pg_database d where d.datname = current_database()) as own_database_oid,
       coalesce(to_regclass('public.sync_changes')::oid::bigint, 0) as own_table_oid
  from mana_ai.cursor c

-- name: AwaitCursor
-- For whoever must fold and not merely may: waits until the node that folds has ended its batch.
select 1 from mana_ai.cursor for update

-- name: LogShape
select attname::text from pg_attribute
 where attrelid = to_regclass('public.sync_changes') and attnum > 0 and not attisdropped

-- name: ReadChanges
-- One statement is one snapshot: the left join returns it even when no row is new. The horizon is a filter on the row
-- alone, and its values are parameters, so that it runs before the check against the folded ids and its cost is known.
-- pg_visible_in_snapshot would lose rows written inside savepoints, whose ids no snapshot lists. The running sum cuts a
-- batch of huge rows short (at least one row is always taken); it asks the sizes as LockMissions does.
with snapshot as materialized (select pg_current_snapshot()::text as snapshot, clock_timestamp() as read_at),
     candidates as (
       select c.*, c.xmin::text::bigint as xid
         from public.sync_changes c
        where c.app_id = 'ai' and c.table_name in ('aiMissions', 'agents')
          and c.created_at >= @since and (c.created_at > @since or c.id >= @since_id)
          and ((c.xmin::text::bigint - @xmin) & 4294967295) < 2147483648
          and not exists (select from mana_ai.folded_changes f where f.change_id = c.id)
        order by c.created_at, c.id
        limit @rows_max
     ),
     sized as (
       select c.*, row_number() over ordered as row_number,
              sum(coalesce(pg_column_size(c.data) * case when pg_column_compression(c.data) is null then 1 else 4 end, 0)
                  + coalesce(pg_column_size(c./*stamps*/), 0)) over ordered as bytes
         from candidates c
       window ordered as (order by c.created_at, c.id rows unbounded preceding)
     )
select s.snapshot, s.read_at, (select count(*) from candidates) as candidates,
       c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
       jsonb_typeof(c.actor) as actor_type, c.xid
  from snapshot s left join sized c on c.bytes <= @bytes_max or c.row_number = 1
 order by c.created_at, c.id

-- name: ReadRecord
-- All of one record, in the order of the fold. A row without created_at is one that no device ever reads.
select c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
       jsonb_typeof(c.actor) as actor_type, c.xmin::text::bigint as xid
  from public.sync_changes c
 where c.app_id = 'ai' and c.table_name = @table and c.record_id = @record and c.user_id = @user
   and c.created_at is not null
 order by c.created_at, c.id

-- name: ReadRecordSince
-- What may be new of one record. The bounds travel as settings, since the statement before it in the batch reads them.
-- Without the one on created_at every row of the record would be fetched to look at its transaction id.
select c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
       jsonb_typeof(c.actor) as actor_type, c.xmin::text::bigint as xid
  from public.sync_changes c
 where c.app_id = 'ai' and c.table_name = 'aiMissions' and c.record_id = @record and c.user_id = @user
   and c.created_at >= current_setting('mana_ai.sweep_since')::timestamptz
   and ((c.xmin::text::bigint - current_setting('mana_ai.sweep_xmin')::bigint) & 4294967295) < 2147483648
 order by c.created_at, c.id

-- name: ReadWholeLog
-- From nothing: user by user, each as time went. That is the order of mana-sync's index, which saves sorting the log; rows
-- of one user often lie together; and the projection's own indexes are filled from one end to the other. Rows of one
-- instant come in any order. One part for each table, so that nothing but a user and an instant is compared where the
-- rows must be sorted. Forgotten users are an array, as a join would hide the order. The sort carries compact jsonb.
(select c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
        jsonb_typeof(c.actor) as actor_type, c.xmin::text::bigint as xid
   from public.sync_changes c
  where c.app_id = 'ai' and c.table_name = 'aiMissions' and c.created_at is not null
    and c.user_id <> all (array(select f.user_id from mana_ai.forgotten_users f))
  order by c.user_id, c.created_at)
 union all
(select c.user_id, c.table_name, c.record_id, c.created_at, c.id, c.op, c.data, c./*stamps*/, c.schema_version,
        jsonb_typeof(c.actor) as actor_type, c.xmin::text::bigint as xid
   from public.sync_changes c
  where c.app_id = 'ai' and c.table_name = 'agents' and c.created_at is not null
    and c.user_id <> all (array(select f.user_id from mana_ai.forgotten_users f))
  order by c.user_id, c.created_at)

-- name: RecordsOf
select distinct c.record_id
  from public.sync_changes c
 where c.app_id = 'ai' and c.table_name = @table and c.user_id = @user and c.record_id <> ''
   and octet_length(c.record_id) <= @id_bytes_max and c.created_at is not null

-- name: InsertIteration
-- Last before COMMIT, so that the row becomes visible as soon after its created_at as can be.
insert into public.sync_changes
       (id, app_id, table_name, record_id, user_id, op, data, /*stamps*/, client_id, created_at, schema_version, actor/*extra*/)
values (@id, 'ai', 'aiMissions', @record, @user, 'update', @data, @stamps, 'mana-ai-runner',
        current_setting('mana_ai.written_at')::timestamptz, 1, @actor/*extra_values*/)

-- name: FindOwnRow
select data from public.sync_changes where id = @id and user_id = @user and client_id = 'mana-ai-runner'

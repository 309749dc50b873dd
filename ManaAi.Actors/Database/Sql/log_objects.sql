-- name: LogIndexState
-- Is there an index that begins with created_at and leaves out no row of ours; a leftover of a build that failed; a
-- build under way (of other logins' builds only the database is visible); may this login make one?
select exists (select from pg_index i
                where i.indrelid = log.oid and i.indisvalid and i.indisready
                  and i.indkey[0] = (select attnum from pg_attribute
                                      where attrelid = log.oid and attname = 'created_at')
                  and (i.indpred is null
                       or pg_get_expr(i.indpred, i.indrelid)
                          = '((app_id = ''ai''::text) AND (table_name = ANY (ARRAY[''aiMissions''::text, ''agents''::text])))')),
       exists (select from pg_index i
                where i.indexrelid = to_regclass('public.mana_ai_log_created_at') and not i.indisvalid),
       exists (select from pg_stat_progress_create_index p
                where p.datname = current_database() and (p.relid = log.oid or p.relid is null)),
       pg_has_role(current_user, log.relowner, 'usage')
  from pg_class log
 where log.oid = to_regclass('public.sync_changes')

-- name: WakeUpState
-- Is the trigger there and on; may this login make it?
select exists (select from pg_trigger t
                where t.tgrelid = log.oid and t.tgname = 'mana_ai_wake_up' and t.tgenabled in ('O', 'A')),
       pg_has_role(current_user, log.relowner, 'usage')
  from pg_class log
 where log.oid = to_regclass('public.sync_changes')

-- name: ProveListening
-- Over another connection than the one that listens, as devices' rows come.
select pg_notify('mana_ai_wakeup', @payload)

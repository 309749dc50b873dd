-- name: LoginRights
-- row_security_active answers "am I blinded?"; membership is what SET ROLE asks for.
select current_user::text,
       (select rolsuper from pg_roles where rolname = current_user),
       row_security_active('public.sync_changes'),
       has_table_privilege(current_user, 'public.sync_changes', 'select'),
       to_regrole('mana_ai_user') is not null and pg_has_role(current_user, to_regrole('mana_ai_user'), 'member'),
       to_regrole('mana_ai_owner') is not null and pg_has_role(current_user, to_regrole('mana_ai_owner'), 'member')

-- name: IsBlinded
select row_security_active(to_regclass('public.sync_changes'))

-- name: ProbeInsert
-- Rolled back in any case.
insert into public.sync_changes (app_id, table_name, record_id, user_id, op, client_id)
values ('mana-ai-probe', 'probe', 'probe', @user, 'insert', 'mana-ai-runner')
returning id

-- name: ProbeForeignInsert
-- Without RETURNING: that would ask the policies for reading too, and their refusal would hide that writing is open.
insert into public.sync_changes (app_id, table_name, record_id, user_id, op, client_id)
values ('mana-ai-probe', 'probe', 'probe', @user, 'insert', 'mana-ai-runner')

-- name: ProbeSelect
select count(*) from public.sync_changes where id = @id

-- name: HasMigrations
select to_regclass('mana_ai.migrations') is not null

-- name: AppliedMigrations
select name, checksum from mana_ai.migrations

-- name: NoteMigration
insert into mana_ai.migrations (name, checksum) values (@name, @checksum)

-- name: LacksRights
-- Of several privileges in one text, any would do: each is asked for.
select not has_schema_privilege(@login, 'mana_ai', 'usage')
    or exists (select from pg_class c cross join unnest(array['select', 'insert', 'update', 'delete']) as needed (privilege)
                where c.relnamespace = 'mana_ai'::regnamespace and c.relkind in ('r', 'p', 'v')
                  and not has_table_privilege(@login, c.oid, needed.privilege))

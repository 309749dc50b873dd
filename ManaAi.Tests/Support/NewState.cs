using Npgsql;

namespace ManaAi.Tests.Support;

/// <summary>
/// What a database was like when it was made, and how to bring it back to that: its rows can be forgotten, and whether
/// more than rows has changed can be told.
/// </summary>
internal sealed class NewState
{
    /// <summary>All that is not rows: whoever made, changed or dropped something gets another text.</summary>
    private const string Shape = """
        with relation as (
            select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        ),
        part (line) as (
            -- Not by its xmin: emptying a table changes its row here, and each node that starts grants anew.
            select concat_ws(' ', 'relation', oid, relname, relkind, relowner, relacl, relrowsecurity,
                             relforcerowsecurity, reloptions)
              from relation
            union all
            select concat_ws(' ', 'database', datacl, datdba, datconnlimit) from pg_database
             where datname = current_database()
            union all
            select concat_ws(' ', 'setting', setdatabase, setrole, setconfig) from pg_db_role_setting
            union all
            select concat_ws(' ', 'column', attrelid, attnum, xmin) from pg_attribute
             where attrelid in (select oid from relation)
            union all
            select concat_ws(' ', 'default', oid, xmin) from pg_attrdef where adrelid in (select oid from relation)
            union all
            select concat_ws(' ', 'index', indexrelid, xmin) from pg_index where indrelid in (select oid from relation)
            union all
            select concat_ws(' ', 'constraint', oid, xmin) from pg_constraint where conrelid in (select oid from relation)
            union all
            select concat_ws(' ', 'trigger', oid, xmin) from pg_trigger where tgrelid in (select oid from relation)
            union all
            select concat_ws(' ', 'policy', oid, xmin) from pg_policy
            union all
            select concat_ws(' ', 'schema', oid, nspname, nspowner, nspacl) from pg_namespace where nspname !~ '^pg_'
            union all
            select concat_ws(' ', 'function', oid, xmin) from pg_proc where oid >= 16384
            union all
            select concat_ws(' ', 'extension', oid, xmin) from pg_extension
            union all
            select concat_ws(' ', 'default rights', oid, xmin) from pg_default_acl
        )
        select md5(string_agg(line, ';' order by line)) from part
        """;

    /// <summary>How pools name themselves that last as long as the database.</summary>
    public const string Lasting = "mana-tests";

    private const string TablesWithRows = """
        select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('public', 'mana_ai') and c.relkind = 'r' and pg_relation_size(c.oid) > 0
        """;

    // Emptying a table in earnest makes new files, which costs more than deleting what most tests write.
    private const int DeletedBytesMax = 256 * 1024;

    /// <summary>
    /// Nobody is left behind: neither who would read on, nor who would write once more. How many were of a pool that lasts.
    /// </summary>
    private const string EndSessions = $"""
        select count(*) filter (where application_name = '{Lasting}' and is_ended)
          from (select application_name, pg_terminate_backend(pid, 10000) as is_ended from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
                   and (application_name <> '{Lasting}' or state <> 'idle')) ended
        """;

    private readonly string _shape;
    private readonly string _forget;

    private NewState(string shape, string forget) => (_shape, _forget) = (shape, forget);

    /// <summary>Of a database that nobody has used yet.</summary>
    public static async Task<NewState> OfAsync(TestDatabase database)
    {
        var seeds = new List<string>();
        var tables = (await database.ReadAsync<string[]>($"select array({TablesWithRows})"))!;
        foreach (var table in tables)
        {
            var rows = await database.ReadAsync<string>(
                $"select jsonb_agg(to_jsonb(t))::text from {table} t"
            );
            seeds.Add(
                $"""
                insert into {table} overriding system value
                select * from jsonb_populate_recordset(null::{table}, {Quoted(rows ?? "[]")})
                """
            );
        }

        // Statistics too: what the planner does in a test must not depend on the one before.
        var forget = $"""
            select set_config('session_replication_role', 'replica', true);
            do $forget$
            declare
                one regclass;
            begin
                for one in {TablesWithRows}
                loop
                    if pg_total_relation_size(one) > {DeletedBytesMax} then
                        execute format('truncate %s', one);
                    else
                        execute format('delete from %s', one);
                    end if;
                end loop;
            end
            $forget$;
            select setval(seqrelid::regclass, seqstart, false) from pg_sequence;
            delete from pg_statistic s using pg_class c, pg_namespace n
             where c.oid = s.starelid and n.oid = c.relnamespace and n.nspname in ('public', 'mana_ai');
            {string.Join(";\n", seeds)}
            """;
        return new NewState((await database.ReadAsync<string>(Shape))!, forget);
    }

    /// <summary>As if nothing had ever been written.</summary>
    public Task ForgetRowsAsync(TestDatabase database) => database.ExecuteAsync(_forget);

    /// <summary>False: it is not what it was, and cannot be brought back to it.</summary>
    public async Task<bool> TryRestoreAsync(TestDatabase database)
    {
        try
        {
            if (await database.ReadAsync<long>(EndSessions) > 0)
            {
                // A pool hands out what was ended before it notices.
                database.Reader.Clear();
                database.Superuser.Clear();
            }

            if (await database.ReadAsync<string>(Shape) != _shape)
            {
                return false;
            }

            await ForgetRowsAsync(database);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}

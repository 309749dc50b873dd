namespace ManaAi.Tests.Support;

/// <summary>A change log that does not take our rows, as a constraint or trigger that somebody added would not.</summary>
internal static class RefusingLog
{
    /// <param name="by">The name of PostgreSQL's condition.</param>
    public static Task RefuseRowsOfAsync(
        this TestDatabase database,
        string missionId,
        string by = "check_violation"
    ) =>
        database.ExecuteAsync(
            $"""
            create function public.refuse() returns trigger language plpgsql as
              $$ begin raise exception 'not this one' using errcode = '{by}'; end $$;
            create trigger refuse before insert on public.sync_changes for each row
              when (new.client_id = 'mana-ai-runner' and new.record_id = '{missionId}')
              execute function public.refuse()
            """
        );

    public static Task TakeRowsAgainAsync(this TestDatabase database) =>
        database.ExecuteAsync("drop trigger refuse on public.sync_changes; drop function public.refuse()");
}

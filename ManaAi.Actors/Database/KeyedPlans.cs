namespace ManaAi.Actors.Database;

/// <summary>How statements are planned that find all they need by keys, and whose cost must not grow with a table.</summary>
/// <remarks>
/// What the planner knows of the ledger is old: between two herds no run is open, within one there are thousands, and an
/// analysis comes whenever it comes. So no table is read whole because it was short, or because most of its rows were
/// wanted; and where a statement looks something up for each row, a LATERAL or an EXISTS with OFFSET 0 keeps it from being
/// joined in another way. A table of one row is still read whole where no key is asked for, which then counts as very
/// expensive and would be reason enough to compile the statement; so nothing is compiled. Where statements are prepared,
/// PostgreSQL would plan them anew for each length of their arrays; so one plan serves for all.
/// </remarks>
internal static class KeyedPlans
{
    /// <summary>For this transaction; goes ahead of the statements. One result set.</summary>
    public const string Select = """
        select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
               set_config('jit', 'off', true)
        """;
}

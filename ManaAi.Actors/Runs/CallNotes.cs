using ManaAi.Actors.Database;
using ManaAi.Actors.Planning;
using Npgsql;
using NpgsqlTypes;

namespace ManaAi.Actors.Runs;

/// <summary>A call that is to be counted before it is made.</summary>
internal sealed record AskedCall(Claim Claim, CallPlan Plan);

/// <summary>An answer that is to be kept, and settled.</summary>
/// <param name="Place">How many answers were kept before it.</param>
/// <param name="Estimate">What it cost where the server did not say.</param>
internal sealed record ArrivedAnswer(
    Claim Claim,
    int Place,
    string Json,
    LlmUsage Usage,
    long Estimate,
    TimeSpan Took
)
{
    public bool IsCounted => Usage.TotalTokens > 0;

    public long PromptTokens => IsCounted ? Usage.PromptTokens : Estimate;

    public long CompletionTokens => IsCounted ? Usage.CompletionTokens : 0;

    public long TookMilliseconds => (long)Took.TotalMilliseconds;
}

/// <summary>What is noted in the runs' rows of their calls: for each run, and together for those that come at once.</summary>
internal sealed class CallNotes
{
    private const int GroupMax = 32;

    private readonly SyncDatabase _database;
    private readonly NodeId _node;
    private readonly Together<AskedCall, bool> _counting;
    private readonly Together<ArrivedAnswer, bool> _keeping;

    /// <param name="atOnce">How many of each kind are on their way before others wait, and go together.</param>
    public CallNotes(SyncDatabase database, NodeId node, int atOnce)
    {
        (_database, _node) = (database, node);
        _counting = new(atOnce, GroupMax, CountOneAsync, CountAllAsync);
        _keeping = new(atOnce, GroupMax, KeepOneAsync, KeepAllAsync);
    }

    /// <returns>false where the claim is lost, or the occurrence has had all its calls.</returns>
    public Task<bool> CountAsync(AskedCall call, CancellationToken cancellationToken) =>
        _counting.AskAsync(call, cancellationToken);

    /// <returns>false where the claim is lost. The same answer may be said twice.</returns>
    public Task<bool> KeepAsync(ArrivedAnswer answer, CancellationToken cancellationToken) =>
        _keeping.AskAsync(answer, cancellationToken);

    /// <summary>The values of CountCall.</summary>
    public void AddCount(NpgsqlParameterCollection parameters, AskedCall call) =>
        parameters
            .Add("run", call.Claim.RunId)
            .Add("epoch", call.Claim.Epoch)
            .Add("node", _node.Value)
            .Add("model", call.Plan.Model)
            .Add("prompt_version", call.Plan.PromptVersion)
            .Add("tools_hash", call.Plan.ToolsHash)
            .Add("calls_max", call.Plan.CallsMax)
            .Add("estimate", call.Plan.Estimate)
            .Add("refusal", call.Plan.Refusal);

    private Task<bool> CountOneAsync(AskedCall call, CancellationToken cancellationToken) =>
        _database.OnceAsync(
            batch => AddCount(batch.Then(Sql.Get("CountCall")).Parameters, call),
            (reader, token) => reader.ReadAsync(token),
            cancellationToken
        );

    /// <summary>Adds what counts several calls; its rows are the runs and epochs of those that were counted.</summary>
    public static void AddCounts(NpgsqlBatch batch, NodeId node, IReadOnlyList<AskedCall> asked)
    {
        var calls = InOrder(asked, call => call.Claim);
        Add(batch, Sql.Get("CountCalls"), node, [.. calls.Select(call => call.Claim)])
            .Add("models", calls.Select(call => call.Plan.Model).ToArray())
            .Add("prompt_versions", calls.Select(call => call.Plan.PromptVersion).ToArray())
            .Add("tools_hashes", calls.Select(call => call.Plan.ToolsHash).ToArray())
            .Add("calls_maxes", calls.Select(call => call.Plan.CallsMax).ToArray())
            .Add("estimates", calls.Select(call => call.Plan.Estimate).ToArray())
            .Add("refusals", calls.Select(call => call.Plan.Refusal).ToArray());
    }

    /// <summary>The runs and epochs that such a statement gives.</summary>
    public static async Task<HashSet<(long RunId, long Epoch)>> ReadDoneAsync(
        NpgsqlDataReader reader,
        CancellationToken cancellationToken
    )
    {
        var done = new HashSet<(long, long)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            done.Add((reader.GetInt64(0), reader.GetInt64(1)));
        }

        return done;
    }

    private Task<IReadOnlyList<bool>> CountAllAsync(IReadOnlyList<AskedCall> asked) =>
        AllAsync(asked, call => call.Claim, batch => AddCounts(batch, _node, asked));

    private Task<bool> KeepOneAsync(ArrivedAnswer answer, CancellationToken cancellationToken) =>
        _database.OnceAsync(
            batch =>
                batch
                    .Then(Sql.Get("KeepAnswer"))
                    .Add("run", answer.Claim.RunId)
                    .Add("epoch", answer.Claim.Epoch)
                    .Add("node", _node.Value)
                    .Add("place", answer.Place)
                    .Add("prompt_tokens", answer.PromptTokens)
                    .Add("completion_tokens", answer.CompletionTokens)
                    .Add("is_estimate", !answer.IsCounted)
                    .Add("calls_ms", answer.TookMilliseconds)
                    .Parameters.Add(
                        new NpgsqlParameter("answer", NpgsqlDbType.Jsonb) { Value = answer.Json }
                    ),
            (reader, token) => reader.ReadAsync(token),
            cancellationToken
        );

    private Task<IReadOnlyList<bool>> KeepAllAsync(IReadOnlyList<ArrivedAnswer> arrived) =>
        AllAsync(
            arrived,
            answer => answer.Claim,
            batch =>
            {
                var answers = InOrder(arrived, answer => answer.Claim);
                Add(batch, Sql.Get("KeepAnswers"), _node, [.. answers.Select(answer => answer.Claim)])
                    .Add("places", answers.Select(answer => answer.Place).ToArray())
                    .Add("prompt_tokens", answers.Select(answer => answer.PromptTokens).ToArray())
                    .Add("completion_tokens", answers.Select(answer => answer.CompletionTokens).ToArray())
                    .Add("are_estimates", answers.Select(answer => !answer.IsCounted).ToArray())
                    .Add("calls_ms", answers.Select(answer => answer.TookMilliseconds).ToArray())
                    .Parameters.Add(
                        new NpgsqlParameter("answers", answers.Select(answer => answer.Json).ToArray())
                        {
                            DataTypeName = "jsonb[]",
                        }
                    );
            }
        );

    /// <summary>By their ids, as leases are renewed: who locks several runs comes to them in one order.</summary>
    private static T[] InOrder<T>(IReadOnlyList<T> all, Func<T, Claim> claimOf) =>
        [.. all.OrderBy(one => claimOf(one).RunId)];

    private static NpgsqlBatchCommand Add(
        NpgsqlBatch batch,
        string statement,
        NodeId node,
        IReadOnlyList<Claim> claims
    ) =>
        batch
            .Then(statement)
            .Add("node", node.Value)
            .Add("runs", claims.Select(claim => claim.RunId).ToArray())
            .Add("epochs", claims.Select(claim => claim.Epoch).ToArray());

    /// <returns>For each whether its run and epoch are among those that the statement gives.</returns>
    private Task<IReadOnlyList<bool>> AllAsync<T>(
        IReadOnlyList<T> all,
        Func<T, Claim> claimOf,
        Action<NpgsqlBatch> add
    ) =>
        _database.OnceByKeysAsync<IReadOnlyList<bool>>(
            add,
            async (reader, token) =>
            {
                var done = await ReadDoneAsync(reader, token);
                return [.. all.Select(claimOf).Select(claim => done.Contains((claim.RunId, claim.Epoch)))];
            },
            CancellationToken.None
        );
}

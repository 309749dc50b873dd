using System.Globalization;

namespace ManaAi.Tests.Planning;

/// <summary>Whether mana-llm is there and takes the key is asked in a way that no model answers.</summary>
public sealed class LlmProbeTests
{
    [Theory]
    [InlineData(200, 422, null)]
    [InlineData(200, 400, null)]
    [InlineData(401, 422, "unauthorized 401")]
    [InlineData(200, 403, "unauthorized 403")]
    [InlineData(404, 401, "unauthorized 401")]
    [InlineData(404, 422, "rejected 422")]
    [InlineData(404, 404, "rejected 404")]
    [InlineData(503, 503, "unavailable server-error")]
    [InlineData(302, 422, "unavailable redirect")]
    public async Task The_list_of_models_and_a_question_without_a_message_tell(
        int list,
        int question,
        string? told
    )
    {
        var asked = new List<string>();
        await using var server = new LlmScriptedServer(async conversation =>
        {
            asked.Add(conversation.Head.Split(' ')[1] + conversation.Body);
            conversation.Head.ShouldContain($"Bearer {LlmBench.Key}");
            var status = conversation.Head.StartsWith("GET", StringComparison.Ordinal) ? list : question;
            await conversation.AnswerAsync(
                """{"object":"list","data":[]}""",
                $"{status.ToString(CultureInfo.InvariantCulture)} So"
            );
        });
        using var client = LlmBench.Client(server.Address);

        var outcome = await client.ProbeAsync(CancellationToken.None);

        (outcome is null ? null : LlmBench.Tell(outcome)).ShouldSatisfyAllConditions(line =>
            (line ?? "").ShouldStartWith(told ?? "")
        );
        (outcome is null).ShouldBe(told is null);
        asked.ShouldBeSubsetOf(["/v1/models", "/v1/chat/completions{\"stream\":false}"]);
    }
}

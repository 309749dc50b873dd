using System.Globalization;
using ManaAi.Host.Commands.LlmStub;
using ManaAi.Tests.Support;

namespace ManaAi.Tests.Whole;

/// <summary>Spans, as a real collector gets them.</summary>
public sealed class TraceTests : WholeTests
{
    private const string OfUser = "SENTINEL-of-a-user";
    private const string CollectorKey = "key-of-the-collector";

    [Fact]
    public async Task An_occurrence_can_be_followed_from_its_tick_to_its_row_over_a_takeover()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var first = await StartAsync(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Address.ToString()),
            ("OTEL_EXPORTER_OTLP_HEADERS", $"x-api-key={CollectorKey}"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=tests"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            // It is at work on the call that hangs: it cannot be the next itself.
            ("MAX_CONCURRENT_PLANS", "1")
        );
        var mission = await InsertDueAsync(objective: OfUser);
        Llm.Behave(new StubBehaviour { Hang = Hang.BeforeHeaders, Times = 1 });
        var hanging = first.SendTickAsync();
        await Llm.Calls.WhenAsync(1, CancellationToken.None);
        // Another node takes it over. In this process the spans of both go to the one collector that is named.
        var second = await StartAsync();
        await Database.ExecuteAsync(
            "update mana_ai.runs set lease_until = clock_timestamp() - interval '1 second';"
                + "update mana_ai.users set ready_at = clock_timestamp()"
        );
        (await second.TickAsync()).Numbers.ShouldBe((1, 1, 1, 0));
        await first.StopAsync();
        (await hanging).Dispose();

        var run = await SingleRunAsync();
        var trace = run.IterationId!.Value.ToString("N");
        var all = receiver.Spans;
        var spans = all.Where(span => span.TraceId == trace).ToArray();
        spans
            .Select(span => (span.Name, span.Tags.GetValueOrDefault("mana_ai.epoch")))
            .ShouldBe(
                [
                    ("claim", "1"),
                    ("plan", "1"),
                    ("chat mana/reasoning", null),
                    ("claim", "2"),
                    ("plan", "2"),
                    ("chat mana/reasoning", null),
                    ("write-back", "2"),
                ],
                ignoreOrder: true
            );
        var claims = spans
            .Where(span => span.Name == "claim")
            .OrderBy(span => span.Tags["mana_ai.epoch"])
            .ToArray();
        claims.Select(claim => claim.Tags["mana_ai.is_takeover"]).ShouldBe(["0", "1"]);
        claims.ShouldAllBe(claim => claim.ParentId == "");

        // Both claims name the tick that opened the occurrence, whoever made them.
        var (tickTrace, tickId) = claims.SelectMany(claim => claim.Links).Distinct().ShouldHaveSingleItem();
        var tick = all.Single(span => span.SpanId == tickId);
        (tick.Name, tick.TraceId, tick.Tags["mana_ai.opened"]).ShouldBe(("tick", tickTrace, "1"));
        var fold = all.Single(span => span.Name == "fold" && span.ParentId == tickId);
        fold.Tags["mana_ai.rows"].ShouldBe("1");

        var written = spans.Single(span => span.Name == "write-back");
        written.ParentId.ShouldBe(claims[1].SpanId);
        written.Tags["mana_ai.verdict"].ShouldBe("planned");
        written.Tags["mana_ai.mission"].ShouldBe($"{mission.UserId}/{mission.Id}");
        var plan = spans.Single(span => span.Name == "plan" && span.ParentId == claims[1].SpanId);
        plan.IsError.ShouldBeFalse();
        spans.Single(span => span.Name == "plan" && span.ParentId == claims[0].SpanId).IsError.ShouldBeTrue();
        var call = spans.Single(span => span.ParentId == plan.SpanId);
        call.IsClient.ShouldBeTrue();
        call.Tags["gen_ai.operation.name"].ShouldBe("chat");
        call.Tags["gen_ai.provider.name"].ShouldBe("mana");
        call.Tags["gen_ai.request.model"].ShouldBe("mana/reasoning");
        call.Tags["gen_ai.request.temperature"].ShouldBe("0.3");
        call.Tags["gen_ai.response.finish_reasons"].ShouldBe("stop");
        call.Tags["gen_ai.usage.output_tokens"].ShouldBe(plan.Tags["gen_ai.usage.output_tokens"]);
        int.Parse(call.Tags["gen_ai.usage.input_tokens"], CultureInfo.InvariantCulture)
            .ShouldBeGreaterThan(0);
        // mana-llm can go on with it.
        Llm.Calls.Recent[1].TraceParent.ShouldBe($"00-{trace}-{call.SpanId}-01");

        tick.Resource["service.name"].ShouldBe("mana-ai");
        tick.Resource["service.instance.id"].ShouldBe(first.NodeId);
        tick.Resource["deployment.environment.name"].ShouldBe("tests");
        receiver.Keys.ShouldAllBe(key => key == CollectorKey);
        foreach (
            var word in (string[])[OfUser, "Reading", "One chapter an evening", CollectorKey, WholeNode.Key]
        )
        {
            receiver.Payloads.ShouldNotContain(word, Case.Insensitive);
        }
    }
}

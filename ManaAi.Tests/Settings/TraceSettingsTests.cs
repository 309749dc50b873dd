using ManaAi.Host.Settings;

namespace ManaAi.Tests.Settings;

public sealed class TraceSettingsTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    [Fact]
    public void Without_a_collector_nothing_is_traced_whatever_else_is_set() =>
        Read(("OTEL_TRACES_SAMPLER", "by hand"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "smoke"))
            .Traces.ShouldBeNull();

    [Fact]
    public void A_collector_is_enough()
    {
        var traces = Read((Endpoint, "http://collector:4318")).Traces.ShouldNotBeNull();

        traces.Protocol.ShouldBe("http/protobuf");
        traces.Sampler.ShouldBe(TraceSampler.All);
        traces.ServiceName.ShouldBe("mana-ai");
        traces.Variables[Endpoint].Reveal().ShouldBe("http://collector:4318");
    }

    [Fact]
    public void What_OpenTelemetry_reads_by_itself_is_passed_on_and_nothing_else()
    {
        var traces = Read(
            (Endpoint, "https://collector/otlp"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=canary"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("OTEL_SERVICE_NAME", "mana-ai-north"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_RESOURCE_ATTRIBUTES", "")
        )
            .Traces.ShouldNotBeNull();

        traces.Variables.Keys.ShouldAllBe(name => name.StartsWith("OTEL_", StringComparison.Ordinal));
        traces.Variables["OTEL_BSP_SCHEDULE_DELAY"].Reveal().ShouldBe("50");
        traces.Variables.Keys.ShouldNotContain("OTEL_RESOURCE_ATTRIBUTES");
        (traces.Sampler, traces.Share, traces.Protocol).ShouldBe((TraceSampler.Share, 0.25, "grpc"));
        traces.ServiceName.ShouldBe("mana-ai-north");
        traces.ToString().ShouldNotContain("canary");
    }

    [Fact]
    public void The_whole_can_be_turned_off() =>
        Read((Endpoint, "http://collector"), ("OTEL_SDK_DISABLED", "true")).Traces.ShouldBeNull();

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "http:// or https://")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "http/protobuf or grpc")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "canary", "name=value")]
    [InlineData("OTEL_RESOURCE_ATTRIBUTES", "=canary", "name=value")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "whole milliseconds from 100 to 600000")]
    [InlineData("OTEL_TRACES_SAMPLER", "xray", "parentbased_always_on")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1")]
    [InlineData("OTEL_SERVICE_NAME", "my service", "without spaces")]
    [InlineData("OTEL_SDK_DISABLED", "yes", "must be true, false, 1 or 0")]
    public void A_wrong_value_is_named_with_what_would_be_right(string name, string value, string wish)
    {
        var fault = SettingsReader
            .Read(Environment((Endpoint, "http://collector"), (name, value)))
            .ShouldBeOfType<SettingsResult<ServiceSettings>.Faulty>()
            .Faults.ShouldHaveSingleItem();

        fault.Name.ShouldBe(name);
        fault.Sentence.ShouldContain(wish);
        fault.Sentence.ShouldNotContain("canary");
    }

    private static ServiceSettings Read(params (string Name, string Value)[] variables) =>
        SettingsReader
            .Read(Environment(variables))
            .ShouldBeOfType<SettingsResult<ServiceSettings>.Ok>()
            .Settings;

    private static Dictionary<string, string?> Environment(params (string Name, string Value)[] variables)
    {
        var environment = new Dictionary<string, string?>
        {
            ["MANA_SERVICE_KEY"] = "0123456789abcdef0123456789abcdef",
        };
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        return environment;
    }
}

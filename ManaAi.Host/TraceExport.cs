using System.Diagnostics;
using ManaAi.Actors;
using ManaAi.Actors.Runs;
using ManaAi.Host.Internal;
using ManaAi.Host.Settings;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ManaAi.Host;

/// <summary>
/// Sends spans to a collector by OTLP while the service runs. Only made where a collector is named; a collector that is
/// away costs spans and nothing else.
/// </summary>
internal sealed class TraceExport(TraceSettings settings, NodeId node, ServiceIdentity identity)
    : IHostedService
{
    /// <summary>For the last spans, when the service stops.</summary>
    private const int FlushMaxMs = 2000;

    private TracerProvider? _provider;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _provider = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(Variables()))
            .ConfigureResource(resource =>
                resource.AddService(
                    settings.ServiceName,
                    serviceVersion: identity.Version,
                    autoGenerateServiceInstanceId: false,
                    serviceInstanceId: node.Value
                )
            )
            .SetSampler(new RootSampler(SamplerOf(settings)))
            .AddSource(Traces.SourceName)
            .AddOtlpExporter()
            .Build();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                _provider?.Shutdown(FlushMaxMs);
                _provider?.Dispose();
            },
            CancellationToken.None
        );

    // Its own code reads the names that everyone knows, but from these and not from the process: tests run many services.
    private IConfiguration Variables()
    {
        var variables = settings.Variables.ToDictionary(
            variable => variable.Key,
            string? (variable) => variable.Value.Reveal(),
            StringComparer.Ordinal
        );
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = settings.Protocol;
        return new ConfigurationBuilder().AddInMemoryCollection(variables).Build();
    }

    private static Sampler SamplerOf(TraceSettings settings) =>
        settings.Sampler switch
        {
            TraceSampler.All => new AlwaysOnSampler(),
            TraceSampler.None => new AlwaysOffSampler(),
            _ => new TraceIdRatioBasedSampler(settings.Share),
        };

    /// <summary>
    /// Decides where a trace begins, and goes by that further down. An occurrence's trace begins with each of its claims,
    /// on whichever node, and its id decides alike for all of them.
    /// </summary>
    private sealed class RootSampler(Sampler root) : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
        {
            var parent = samplingParameters.ParentContext;
            if (parent.SpanId == default)
            {
                return root.ShouldSample(samplingParameters);
            }

            return new SamplingResult(parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded));
        }
    }
}

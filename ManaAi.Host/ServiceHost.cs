using System.Globalization;
using System.Text.Encodings.Web;
using ManaAi.Actors;
using ManaAi.Actors.ChangeLog;
using ManaAi.Host.Dashboard;
using ManaAi.Host.Internal;
using ManaAi.Host.Keys;
using ManaAi.Host.Settings;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Console;

namespace ManaAi.Host;

/// <summary>
/// The process around the actors: server, logging, endpoints and the time to stop. It begins empty, so that nothing
/// but <see cref="ServiceSettings"/> decides: no appsettings.json, no ASPNETCORE_URLS, no page with stack traces.
/// </summary>
internal static class ServiceHost
{
    /// <summary>How deep an answer's JSON may be: a mission's record, and what stands around it.</summary>
    public const int AnswerDepthMax = ChangeDecoder.JsonDepthMax + 16;

    /// <summary>
    /// Beyond the grace: the actors use all of the grace, and then hand back their runs and close the pool. As long again
    /// the runs have for themselves, whatever took the time before.
    /// </summary>
    public static TimeSpan HandBackTime { get; } = TimeSpan.FromSeconds(5);

    /// <param name="addActors">Registers what answers: the tick coordinator, the readiness check, the status reader.</param>
    public static WebApplication Build(ServiceSettings settings, Action<IServiceCollection> addActors)
    {
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions
            {
                ApplicationName = ServiceIdentity.Name,
                EnvironmentName = settings.IsDevelopment ? Environments.Development : Environments.Production,
            }
        );
        ConfigureServer(builder, settings);
        ConfigureLogging(builder.Logging);
        AddServices(builder.Services, settings);
        addActors(builder.Services);
        var app = builder.Build();

        // Now and not with the first scrape: it knows only what it has heard.
        _ = app.Services.GetRequiredService<MetricsCollector>();
        Map(app, settings.Edge);
        return app;
    }

    private static void ConfigureServer(WebApplicationBuilder builder, ServiceSettings settings)
    {
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = BodyLimit.BytesMax;
            server.Limits.MinRequestBodyDataRate = BodyLimit.PaceMin;
            server.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            server.Limits.MaxRequestHeaderCount = 64;
            server.Limits.MaxRequestLineSize = 4 * 1024;
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            server.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
            server.Limits.MaxConcurrentConnections = 1000;
            server.ListenAnyIP(settings.Edge.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = settings.ShutdownGrace + HandBackTime
        );
    }

    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information); // Where it listens, and when it stops.

        // One line for each entry, which no text can end: for people on a terminal, and for machines as JSON.
        if (Console.IsOutputRedirected)
        {
            logging.AddJsonConsole(console => console.TimestampFormat = "O");
        }
        else
        {
            logging.AddConsole(console => console.FormatterName = TerminalFormatter.FormatterName);
            logging.AddConsoleFormatter<TerminalFormatter, ConsoleFormatterOptions>();
        }
    }

    private static void AddServices(IServiceCollection services, ServiceSettings settings)
    {
        services.AddSingleton(settings);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ServiceIdentity>();
        services.AddSingleton(provider => new Metrics(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<MetricsCollector>();
        services.AddSingleton<ReadinessProbe>();
        services.AddKeys();
        // A mission's record is shown as deep as it is folded.
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.MaxDepth = AnswerDepthMax;
            // The framework's choice for HTTP leaves in what curl would write to a terminal and a browser take for HTML.
            json.SerializerOptions.Encoder = JavaScriptEncoder.Default;
        });
        services.AddRouting();
        services.AddProblems();
        services.AddApiDescription();
    }

    private static void Map(WebApplication app, EdgeSettings edge)
    {
        app.UseSecurityHeaders();
        app.UseMiddleware<HttpMetrics>();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseRouting();
        app.UseBodyLimit();

        app.MapHealth();
        var metrics = app.MapMetrics();
        if (!edge.IsMetricsPublic)
        {
            metrics
                .AddEndpointFilter<ServiceKeyFilter>()
                .ProducesProblem(StatusCodes.Status401Unauthorized)
                .ProducesProblem(StatusCodes.Status429TooManyRequests);
        }

        var keyed = app.MapGroup("/internal")
            .AddEndpointFilter<RouteGroupBuilder, ServiceKeyFilter>()
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        keyed.MapTick();
        keyed.MapStatus();
        keyed.MapWhatTheDatabaseKnows();
        app.MapDashboard();
        if (edge.IsOpenApiEnabled)
        {
            app.MapOpenApi();
        }
    }
}

using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace ManaAi.Host.Internal;

/// <summary>The OpenAPI document's own words; the rest comes from the endpoints.</summary>
internal static class ApiDescription
{
    private const string SchemeName = "serviceKey";

    public static void AddApiDescription(this IServiceCollection services) =>
        services.AddOpenApi(options =>
        {
            options.AddOperationTransformer(
                (operation, context, _) =>
                {
                    var metadata = context.Description.ActionDescriptor.EndpointMetadata;
                    foreach (var example in metadata.OfType<ApiExample>())
                    {
                        example.AddTo(operation);
                    }

                    return Task.CompletedTask;
                }
            );
            options.AddDocumentTransformer(
                (document, context, _) =>
                {
                    var identity = context.ApplicationServices.GetRequiredService<ServiceIdentity>();
                    document.Info = new OpenApiInfo
                    {
                        Title = "mana-ai",
                        Version = identity.Version,
                        Description = "Plans due missions. Paths under /internal want a service key.",
                    };

                    // The framework takes it from the caller's Host header, which is the caller's to invent.
                    document.Servers = [];
                    document.Components ??= new OpenApiComponents();
                    document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(
                        StringComparer.Ordinal
                    );
                    document.Components.SecuritySchemes[SchemeName] = new OpenApiSecurityScheme
                    {
                        Type = SecuritySchemeType.ApiKey,
                        In = ParameterLocation.Header,
                        Name = ServiceKeyFilter.HeaderName,
                    };
                    RequireKey(document);
                    return Task.CompletedTask;
                }
            );
        });

    /// <param name="answer">JSON text.</param>
    /// <param name="request">JSON text of a body.</param>
    public static RouteHandlerBuilder WithExample(
        this RouteHandlerBuilder route,
        string answer,
        string? request = null
    ) => route.WithMetadata(new ApiExample(answer, request));

    private static void RequireKey(OpenApiDocument document)
    {
        var keyed = document.Paths.Where(path => path.Key.StartsWith("/internal", StringComparison.Ordinal));
        foreach (var operation in keyed.SelectMany(path => path.Value.Operations!.Values))
        {
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(SchemeName, document)] = [] }];
        }
    }
}

/// <summary>What an endpoint answers, and what it takes, by an example in the description.</summary>
internal sealed record ApiExample(string Answer, string? Request)
{
    public void AddTo(OpenApiOperation operation)
    {
        if (operation.Responses?.GetValueOrDefault("200")?.Content is { } answers)
        {
            Show(answers, Answer);
        }

        if (Request is not null && operation.RequestBody?.Content is { } bodies)
        {
            Show(bodies, Request);
        }
    }

    private static void Show(IDictionary<string, OpenApiMediaType> contents, string json)
    {
        foreach (var content in contents.Values)
        {
            content.Example = JsonNode.Parse(json);
        }
    }
}

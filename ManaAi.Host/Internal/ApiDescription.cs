using Microsoft.OpenApi;

namespace ManaAi.Host.Internal;

/// <summary>The OpenAPI document's own words; the rest comes from the endpoints.</summary>
internal static class ApiDescription
{
    private const string SchemeName = "serviceKey";

    public static void AddApiDescription(this IServiceCollection services) =>
        services.AddOpenApi(options =>
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
            )
        );

    private static void RequireKey(OpenApiDocument document)
    {
        var keyed = document.Paths.Where(path => path.Key.StartsWith("/internal", StringComparison.Ordinal));
        foreach (var operation in keyed.SelectMany(path => path.Value.Operations!.Values))
        {
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(SchemeName, document)] = [] }];
        }
    }
}

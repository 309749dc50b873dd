using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace ManaAi.Host.Internal;

/// <summary>
/// The one form of every error: problem details with a member `error`, a word that callers can compare. What an
/// exception says never gets into it, since it can hold SQL, a connection string or a user's text.
/// </summary>
internal static class Problems
{
    public static void AddProblems(this IServiceCollection services)
    {
        // Before the framework's own writer, which leaves the body empty when the caller accepts no JSON.
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.Configure<ExceptionHandlerOptions>(options =>
        {
            options.StatusCodeSelector = StatusOf;
            options.SuppressDiagnosticsCallback = context => StatusOf(context.Exception) < 500;
        });
    }

    /// <summary>The database is not as it must be, so there is nothing to answer from.</summary>
    public static ProblemHttpResult NotReady(IEnumerable<string> reasons) =>
        TypedResults.Problem(
            statusCode: StatusCodes.Status503ServiceUnavailable,
            detail: $"The service is not ready, so nothing runs: {string.Join("; ", reasons)}"
        );

    private static int StatusOf(Exception exception) =>
        exception is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError;

    private sealed class ProblemWriter : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public async ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var response = context.HttpContext.Response;
            var title = ReasonPhrases.GetReasonPhrase(response.StatusCode);
            var problem = new Problem(
                title,
                response.StatusCode,
                context.ProblemDetails.Detail ?? DetailOf(response.StatusCode),
                ErrorOf(title)
            )
            {
                Field = context.ProblemDetails.Extensions.TryGetValue("field", out var field)
                    ? field as string
                    : null,
            };
            await response.WriteAsJsonAsync(
                problem,
                options: null,
                contentType: "application/problem+json",
                context.HttpContext.RequestAborted
            );
        }

        // "Payload Too Large" becomes payload-too-large.
        private static string ErrorOf(string title) =>
            title.Length == 0
                ? "error"
                : string.Create(
                    title.Length,
                    title,
                    static (word, title) =>
                    {
                        for (var index = 0; index < word.Length; index++)
                        {
                            word[index] = title[index] == ' ' ? '-' : char.ToLowerInvariant(title[index]);
                        }
                    }
                );

        private static string DetailOf(int status) =>
            status switch
            {
                StatusCodes.Status404NotFound => "There is nothing at this path.",
                StatusCodes.Status405MethodNotAllowed =>
                    "This path does not take this method; the header Allow lists those it takes.",
                StatusCodes.Status413PayloadTooLarge =>
                    $"The body is larger than {BodyLimit.BytesMax} bytes.",
                >= 500 => "The service could not answer; its log says why.",
                _ => "The request cannot be answered as it is.",
            };
    }

    /// <summary>RFC 9457, with `error` beside it.</summary>
    private sealed record Problem(string Title, int Status, string Detail, string Error)
    {
        /// <summary>Which part of the request is wrong, where it is one.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Field { get; init; }
    }
}

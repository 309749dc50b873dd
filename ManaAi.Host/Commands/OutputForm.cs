using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ManaAi.Host.Commands;

/// <summary>`-o table|json`, as every command has it that shows something.</summary>
internal sealed class OutputForm
{
    private static readonly JsonSerializerOptions Written = new(JsonSerializerDefaults.Web)
    {
        MaxDepth = ServiceHost.AnswerDepthMax,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public const string Table = "table";
    public const string Json = "json";

    public OutputForm(string absent = Table)
    {
        Option = new Option<string>("--output", "-o")
        {
            Description = "table for people, json for programs.",
            HelpName = "table|json",
            DefaultValueFactory = _ => absent,
        };
        Option.AcceptOnlyFromAmong(Table, Json);
    }

    public Option<string> Option { get; }

    public bool IsJson(ParseResult parsed) => parsed.GetValue(Option) is Json;

    /// <summary>One JSON object, harmless for a terminal.</summary>
    public static void WriteJson<TView>(TextWriter output, TView view) =>
        output.WriteLine(Printable.Json(JsonSerializer.Serialize(view, Written)));
}

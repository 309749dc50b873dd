using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ManaAi.Actors.Agents;

namespace ManaAi.Actors.Planning;

/// <summary>The tools that a plan may name: those of the devices' catalog that are proposed, never run unasked.</summary>
/// <remarks>The catalog is a fact of the devices (PROTOCOL 7); the descriptions beside it are ours.</remarks>
public sealed class ToolCatalog
{
    private static readonly Lazy<ToolCatalog> Shipped = new(() =>
        Read(Resource("tool-catalog.json"), Resource("tool-descriptions.json"))
    );

    // Nearly every plan is offered the same list.
    private static readonly ConditionalWeakTable<IReadOnlyList<Tool>, string> Hashes = [];

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    private ToolCatalog(IReadOnlyList<Tool> tools) => Tools = tools;

    /// <summary>The catalog that is built into this assembly.</summary>
    public static ToolCatalog Embedded => Shipped.Value;

    /// <summary>Every tool with the policy propose, in the catalog's order.</summary>
    public IReadOnlyList<Tool> Tools { get; }

    /// <summary>What an agent's policy leaves; no policy leaves everything.</summary>
    /// <remarks>An `auto` there means no more than `propose`: a server's plan is always judged by the user.</remarks>
    public IReadOnlyList<Tool> Offered(ToolPolicy? policy) =>
        policy is null
            ? Tools
            : [.. Tools.Where(tool => policy.Decide(tool.Name, tool.Module) != ToolDecision.Deny)];

    /// <summary>Names a list of tools as the model saw it: names, parameters and descriptions, in order.</summary>
    public static string ListHash(IReadOnlyList<Tool> tools) => Hashes.GetValue(tools, MakeHash);

    private static string MakeHash(IReadOnlyList<Tool> tools)
    {
        var text = new StringBuilder();
        foreach (var tool in tools)
        {
            text.Append(ToolSchema.FunctionOf(tool).GetRawText()).Append('\n');
        }

        return ShortHash.Of(text.ToString());
    }

    /// <summary>Reads a catalog; a tool without a description, or a description without a tool, breaks the start.</summary>
    internal static ToolCatalog Read(Stream catalog, Stream descriptions)
    {
        using (catalog)
        using (descriptions)
        {
            var entries = JsonSerializer.Deserialize<List<Entry>>(catalog, Options)!;
            var sentences = JsonSerializer.Deserialize<Dictionary<string, string>>(descriptions, Options)!;
            var proposed = entries.Where(entry =>
                string.Equals(entry.Policy, "propose", StringComparison.Ordinal)
            );
            var tools = proposed.Select(entry => entry.ToTool(sentences)).ToList();
            var leftOver = sentences
                .Keys.Except(tools.Select(tool => tool.Name), StringComparer.Ordinal)
                .ToList();
            return leftOver.Count == 0
                ? new(tools)
                : throw new InvalidDataException($"No proposed tool for the description of {leftOver[0]}.");
        }
    }

    private static Stream Resource(string name) =>
        typeof(ToolCatalog).Assembly.GetManifestResourceStream($"ManaAi.Actors.Planning.{name}")
        ?? throw new InvalidDataException($"{name} is not built into the assembly.");

    private sealed record Entry(
        string Name,
        string Module,
        string Policy,
        IReadOnlyList<EntryParameter> Parameters
    )
    {
        public Tool ToTool(Dictionary<string, string> sentences) =>
            sentences.TryGetValue(Name, out var sentence)
                ? new(Name, Module, sentence, [.. Parameters.Select(parameter => parameter.ToParameter())])
                : throw new InvalidDataException($"The tool {Name} has no description.");
    }

    private sealed record EntryParameter(string Name, string Type, bool Required, IReadOnlyList<string>? Enum)
    {
        public ToolParameter ToParameter() => new(Name, Type, Required, Enum);
    }
}

namespace ManaAi.Actors.Planning;

/// <summary>A tool that devices know and a plan may name.</summary>
/// <param name="Name">The name on the wire, such as `create_task`.</param>
/// <param name="Module">The module it belongs to, such as `todo`.</param>
/// <param name="Description">One English sentence for the model; ours, the catalog has none.</param>
public sealed record Tool(
    string Name,
    string Module,
    string Description,
    IReadOnlyList<ToolParameter> Parameters
);

/// <param name="Type">string, number, boolean, array or object.</param>
/// <param name="Allowed">The values of an enum, or null where any value of the type will do.</param>
public sealed record ToolParameter(string Name, string Type, bool IsRequired, IReadOnlyList<string>? Allowed);

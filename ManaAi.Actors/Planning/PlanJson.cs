using System.Text;
using System.Text.Json;

namespace ManaAi.Actors.Planning;

/// <summary>Finds the one JSON object that is meant as the plan in whatever a model wrote around it.</summary>
/// <remarks>
/// One pass from brace to matching brace. What lies inside an object that cannot be read is never looked at by
/// itself: the inside of a broken answer could look like a plan (a tool's parameter may be called `steps`), and
/// would be accepted in place of what was meant. Every character is matched and parsed at most a fixed number of
/// times, so the time is bounded by the length, and the length by <see cref="CharsMax"/>.
/// </remarks>
internal static class PlanJson
{
    // Five steps with the longest params that are accepted, and as much prose around them.
    public const int CharsMax = 262_144;

    // A web page's blocks nest four or five deep; what nests deeper than this is no plan.
    public const int DepthMax = 32;

    // Braces in prose that are never closed. Each costs one look at the whole rest of the text.
    private const int StrayBracesMax = 8;

    private const string StepsName = "\"steps\"";
    private const string ThinkOpens = "<think>";
    private const string ThinkCloses = "</think>";

    private static readonly JsonDocumentOptions ReadOptions = new()
    {
        MaxDepth = DepthMax,
        AllowTrailingCommas = true, // They leave no doubt about what is meant. Comments would: see docs/planning.md.
    };

    public static Found Find(string? content)
    {
        if (string.IsNullOrWhiteSpace(content))
        {
            return new Found.Nothing(
                "The answer is empty; answer with the JSON object, with an empty list of steps if nothing is to be done."
            );
        }

        if (content.Length > CharsMax)
        {
            return new Found.Nothing(
                $"The answer has {content.Length} characters, more than {CharsMax}; answer with the JSON object alone and with shorter texts."
            );
        }

        return SkipThinking(content) is { } from
            ? new Search(content).Run(from)
            : new Found.Nothing(
                "The answer ended before the thinking did; answer with the JSON object alone."
            );
    }

    /// <summary>Where the answer begins; null where a model only thought aloud and never came to answer.</summary>
    public static int? SkipThinking(string content)
    {
        var text = content.AsSpan().TrimStart("\uFEFF \r\n\t");
        if (!text.StartsWith(ThinkOpens, StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }

        var end = content.IndexOf(ThinkCloses, StringComparison.OrdinalIgnoreCase);
        return end < 0 ? null : end + ThinkCloses.Length;
    }

    /// <summary>Reads one JSON object, from its brace on; the fault says where it breaks.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out JsonElement element, out string fault)
    {
        element = default;
        fault = "";
        if (JsonBraces.Follow(text, 0).Depth > DepthMax)
        {
            fault = $"it nests deeper than {DepthMax} levels";
            return false;
        }

        try
        {
            element = JsonElement.Parse(Encoding.UTF8.GetBytes(JsonBraces.MendSurrogates(text)), ReadOptions);
            return true;
        }
        catch (JsonException exception)
        {
            fault =
                $"it breaks at line {(exception.LineNumber ?? 0) + 1}, byte {(exception.BytePositionInLine ?? 0) + 1}";
            return false;
        }
    }

    /// <summary>What the search came to.</summary>
    public abstract record Found
    {
        private Found() { } // Closed: only the cases below can exist.

        /// <param name="Root">An object with a list named `steps`.</param>
        public sealed record PlanObject(JsonElement Root) : Found;

        public sealed record Nothing(string Sentence) : Found;
    }

    private sealed class Search(string content)
    {
        private string? _planText;
        private JsonElement _plan;
        private string _fault =
            "The answer holds no JSON object; answer with one object {\"summary\", \"steps\"} and nothing else.";
        private bool _isBroken;
        private bool _isAmbiguous;

        public Found Run(int from)
        {
            var strays = 0;
            for (var start = Next(from); start >= 0; start = Next(from))
            {
                var (end, _) = JsonBraces.Follow(content, start);
                if (end >= 0)
                {
                    Look(content.AsSpan(start, end - start));
                    from = end;
                    continue;
                }

                if (JsonBraces.OpensJson(content, start) || ++strays > StrayBracesMax)
                {
                    Break(
                        "The JSON is cut off before its last brace; answer again with the whole object and shorter texts."
                    );
                    break;
                }

                from = start + 1;
            }

            return Result();
        }

        private int Next(int from) => content.IndexOf('{', from);

        private void Look(ReadOnlySpan<char> text)
        {
            if (!text.Contains(StepsName, StringComparison.Ordinal))
            {
                FaultUnlessWorse(
                    "The JSON object has no list named \"steps\"; it has to be {\"summary\", \"steps\"}."
                );
            }
            else if (!TryRead(text, out var root, out var fault))
            {
                Break(
                    $"The answer is not valid JSON: {fault}; mind quotes, commas and brackets, and write no comments."
                );
            }
            else if (!root.TryGetProperty("steps", out var steps))
            {
                FaultUnlessWorse(
                    "The list \"steps\" has to stand at the top of the JSON object, not inside another."
                );
            }
            else if (steps.ValueKind != JsonValueKind.Array)
            {
                FaultUnlessWorse("The member \"steps\" has to be a list; use [] if nothing is to be done.");
            }
            else
            {
                _isAmbiguous |= _planText is not null && !text.Equals(_planText, StringComparison.Ordinal);
                _planText = text.ToString();
                _plan = root;
                _isBroken = false; // What was broken before it was a draft or an example.
            }
        }

        private void Break(string sentence)
        {
            _fault = sentence;
            _isBroken = true;
        }

        private void FaultUnlessWorse(string sentence) => _fault = _isBroken ? _fault : sentence;

        private Found Result() =>
            (_planText, _isBroken, _isAmbiguous) switch
            {
                (null, _, _) or (_, true, _) => new Found.Nothing(_fault),
                (_, _, true) => new Found.Nothing(
                    "The answer holds several different plans; answer with exactly one JSON object."
                ),
                _ => new Found.PlanObject(_plan),
            };
    }
}

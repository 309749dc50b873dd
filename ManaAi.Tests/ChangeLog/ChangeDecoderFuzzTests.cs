using System.Diagnostics;
using System.Text;
using System.Text.Json;
using ManaAi.Actors.ChangeLog;
using ManaAi.Tests.Hostile;

namespace ManaAi.Tests.ChangeLog;

/// <summary>Rows as no device writes them, though the log would hold them: each is decoded or refused, none throws.</summary>
public sealed class ChangeDecoderFuzzTests
{
    private static readonly string[] Pieces =
    [
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ",",
        ":",
        "null",
        "true",
        "1e999",
        "-",
        "\\u0000",
        "\\ud800",
        "\\udc00x",
        "\\uD83D\\uDE00",
        "\0",
        "\ud83d",
        "\uFEFF",
        "//",
        "\"at\":",
        "\"deletedAt\":\"2026-01-01T00:00:00.000Z\"",
        "\"updatedAt\":1",
        "\"\":{}",
        new('[', ChangeDecoder.JsonDepthMax + 1),
    ];

    private static readonly string[] Bodies =
    [
        """{"id":"m","title":"Read","updatedAt":"2026-01-01T00:00:00.000Z","iterations":[{"id":"i","plan":[]}]}""",
        """{"state":"paused","nextRunAt":null}""",
        """{"deletedAt":"2026-01-01T00:00:00.000Z"}""",
        "{}",
        "null",
    ];

    private static readonly string[] Times =
    [
        """{"state":"2026-01-01T00:00:00.000Z","nextRunAt":"2026-01-01T00:00:00.000Z"}""",
        """{"state":{"at":"2026-01-01T00:00:00.000Z","actor":{"kind":"user"},"origin":"user"}}""",
        "{}",
        "null",
    ];

    private static readonly string[] Ops = ["insert", "update", "delete", "", "INSERT", "\0"];

    [Theory]
    [InlineData(1)]
    [InlineData(20260402)]
    public void Mutated_rows_never_throw_and_what_is_sound_can_be_read(int seed)
    {
        var random = new Random(seed);
        var (sound, undecodable) = (0, 0);
        var clock = Stopwatch.StartNew();
        var rounds = FuzzRounds.Of(50_000, 500_000);
        for (var round = 0; round < rounds; round++)
        {
            switch (ChangeDecoder.Decode(Row(random)))
            {
                case DecodedChange.Sound { Change: var change }:
                    sound++;
                    foreach (var field in change.Fields)
                    {
                        using var json = JsonDocument.Parse(
                            field.Json,
                            new() { MaxDepth = ChangeDecoder.JsonDepthMax }
                        );
                        json.RootElement.ValueKind.ShouldNotBe(JsonValueKind.Undefined);
                    }

                    break;
                case DecodedChange.Undecodable { Reason: var reason }:
                    undecodable++;
                    reason.ShouldNotContain("2026", customMessage: "a reason holds no data of the row");
                    break;
                default:
                    break;
            }
        }

        sound.ShouldBeGreaterThan(rounds / 20); // Else the mutations would leave nothing to be looked at.
        undecodable.ShouldBeGreaterThan(rounds / 20);
        // Some microseconds each: a millisecond is a search that goes back, also on a busy machine.
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromMilliseconds(rounds));
    }

    private static ChangeRow Row(Random random) =>
        new(
            new RecordKey("user-1", RecordKey.App, "aiMissions", random.Next(50) == 0 ? "" : "mission-1"),
            new ChangePosition(DateTimeOffset.UnixEpoch, Guid.Empty),
            Ops[random.Next(random.Next(4) == 0 ? Ops.Length : 3)],
            Json(Bodies, random),
            Json(Times, random),
            random.Next(3),
            random.Next(50) == 0
        );

    private static ReadOnlyMemory<byte>? Json(string[] texts, Random random)
    {
        var text = texts[random.Next(texts.Length)];
        return random.Next(8) switch
        {
            0 => null,
            < 4 => Encoding.UTF8.GetBytes(text),
            _ => Bytes(Mutation.Of(text, Pieces, random), random),
        };
    }

    // Half a surrogate pair becomes a replacement character here, and a byte that is no UTF-8 now and then.
    private static byte[] Bytes(string text, Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > 0 && random.Next(10) == 0)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }
}

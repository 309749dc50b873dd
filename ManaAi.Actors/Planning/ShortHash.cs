using System.Security.Cryptography;
using System.Text;

namespace ManaAi.Actors.Planning;

/// <summary>Names for texts and lists that the ledger can compare: equal content, equal name.</summary>
public static class ShortHash
{
    // 48 bits: enough to tell versions apart that people made, short enough to be read out over the phone.
    private const int BytesKept = 6;

    public static string Of(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, BytesKept));
}

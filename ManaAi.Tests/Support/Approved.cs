using System.Text;

namespace ManaAi.Tests.Support;

/// <summary>
/// Output that somebody has read and found good, kept beside the tests. Where it changes the test fails and leaves what
/// came beside it, as `.received`: whoever finds that good too moves it over the other.
/// </summary>
internal static class Approved
{
    public static void ShouldBe(string name, string text)
    {
        var path = Path.Combine(Sources.Root, "ManaAi.Tests", "Commands", "approved", $"{name}.txt");
        var kept = File.Exists(path) ? File.ReadAllText(path) : "";
        if (kept == text)
        {
            File.Delete(path + ".received");
            return;
        }

        File.WriteAllText(path + ".received", text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        text.ShouldBe(kept, $"{path}.received holds what came");
    }
}

using System.Text;

namespace ManaAi.Tests.Hostile;

/// <summary>Changes a sound text a little, as a seed says, with pieces that parsers stumble over.</summary>
internal static class Mutation
{
    public static string Of(string text, IReadOnlyList<string> pieces, Random random)
    {
        var mutated = new StringBuilder(text);
        for (var changes = random.Next(3); changes >= 0; changes--)
        {
            var at = random.Next(mutated.Length + 1);
            var length = random.Next(Math.Min(8, mutated.Length - at) + 1);
            switch (random.Next(5))
            {
                case 0:
                    mutated.Remove(at, length);
                    break;
                case 1:
                    mutated.Insert(at, pieces[random.Next(pieces.Count)]);
                    break;
                case 2:
                    mutated.Insert(at, mutated.ToString(at, length));
                    break;
                case 3:
                    mutated.Insert(at, (char)random.Next(0x10000));
                    break;
                default:
                    mutated.Length = random.Next(3) == 0 ? at : mutated.Length;
                    break;
            }
        }

        return mutated.ToString();
    }
}

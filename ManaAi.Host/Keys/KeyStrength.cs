namespace ManaAi.Host.Keys;

/// <summary>Whether a key is good enough to be all that stands between anyone and this service.</summary>
internal static class KeyStrength
{
    /// <summary>128 bits as hexadecimal digits; nobody guesses that, however often they may ask.</summary>
    public const int LengthMin = 32;

    /// <summary>Good for a machine of one's own. It stands in the documentation, so it is no secret.</summary>
    public const string DevelopmentKey = "dev-service-key";

    /// <summary>How an operator makes a good one.</summary>
    public const string Advice = "`openssl rand -hex 32` makes one";

    /// <returns>What is wrong with the key in Production and what to do, to stand behind a name; null where it is good.</returns>
    public static string? FaultOf(string key)
    {
        if (key is DevelopmentKey)
        {
            return $"holds the key that everyone knows from Development; in Production each must be secret: {Advice}.";
        }

        return key.Length < LengthMin
            ? $"holds a key of fewer than {LengthMin} characters, which can be guessed; in Production each must be longer: {Advice}."
            : null;
    }
}

using System.Globalization;
using System.Security.Cryptography;
using ManaAi.Host.Keys;
using NodaTime;

namespace ManaAi.Host.Settings;

/// <summary>
/// Turns texts of the environment into values and collects what cannot be turned. After a fault a stand-in is
/// returned, so that reading goes on; <see cref="Judge"/> lets nothing with a fault through.
/// </summary>
internal sealed class EnvironmentValues(IReadOnlyDictionary<string, string?> environment)
{
    private readonly List<SettingFault> _faults = [];

    public SettingsResult<T> Judge<T>(T settings) =>
        _faults.Count == 0 ? new SettingsResult<T>.Ok(settings) : new SettingsResult<T>.Faulty(_faults);

    /// <summary>What could not be turned so far.</summary>
    public IReadOnlyList<SettingFault> Faults => _faults;

    public bool IsSet(string name) => Find(name) is not null;

    public bool Boolean(string name, bool defaultValue)
    {
        var text = Find(name);
        if (text is null)
        {
            return defaultValue;
        }

        if (text is "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (text is not "0" && !text.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            Fault(name, "is neither yes nor no; it must be true, false, 1 or 0.");
        }

        return false;
    }

    public int Integer(string name, int defaultValue, int min, int max) =>
        (int)Whole(name, defaultValue, min, max, "a whole number", consequence: null);

    /// <summary>A number of tokens; null, no limit, where it is not set.</summary>
    public long? Tokens(string name) =>
        IsSet(name)
            ? Whole(
                name,
                0,
                0,
                1_000_000_000_000,
                "a whole number of tokens",
                "where 0 never runs; leave it out for no limit"
            )
            : null;

    public TimeSpan Milliseconds(
        string name,
        long defaultValue,
        long min,
        long max,
        string? consequence = null
    ) => TimeSpan.FromMilliseconds(Whole(name, defaultValue, min, max, "whole milliseconds", consequence));

    public double Number(string name, decimal defaultValue, decimal min, decimal max)
    {
        var text = Find(name);
        if (text is null)
        {
            return (double)defaultValue;
        }

        var isNumber = decimal.TryParse(
            text,
            NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var value
        );
        if (isNumber && value >= min && value <= max)
        {
            return (double)value;
        }

        Fault(
            name,
            $"{(isNumber ? $"is {text}" : "is not a number")}; it must be a number from {min} to {max}, such as {defaultValue}."
        );
        return (double)defaultValue;
    }

    public T Choice<T>(
        string name,
        string defaultText,
        IReadOnlyList<(string Text, T Value)> choices,
        StringComparison comparison = StringComparison.Ordinal
    )
    {
        var text = Find(name) ?? defaultText;
        var chosen = choices.Where(choice => choice.Text.Equals(text, comparison)).Take(1).ToArray();
        if (chosen is [var only])
        {
            return only.Value;
        }

        Fault(
            name,
            $"is none of its values; it must be {string.Join(" or ", choices.Select(choice => choice.Text))}."
        );
        return choices[0].Value;
    }

    /// <summary>An address to put paths behind: no slash at its end, and nothing in it that belongs elsewhere.</summary>
    public Uri? HttpUrl(string name, string? defaultText)
    {
        var text = Find(name) ?? defaultText;
        if (text is null)
        {
            return null;
        }

        // The value is never repeated: an address that cannot be read may still hold a password.
        if (
            !Uri.TryCreate(text, UriKind.Absolute, out var url)
            || url is not { Scheme: "http" or "https", Host: not "" }
        )
        {
            Fault(name, "is not an address; it must begin with http:// or https:// and name a host.");
            return new UriBuilder().Uri;
        }

        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            Fault(
                name,
                "holds more than an address; it must be scheme, host, port and path, without user, ? or #."
            );
        }

        return new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/'));
    }

    public DatabaseSettings Database(string name, string defaultText)
    {
        switch (DatabaseUrl.Parse(Find(name) ?? defaultText))
        {
            case DatabaseUrlResult.Ok ok:
                return ok.Database;
            case DatabaseUrlResult.Faulty faulty:
                Fault(name, faulty.Sentence);
                break;
        }

        return new DatabaseSettings(new Secret(""), "");
    }

    public string TimeZone(string name, string defaultText)
    {
        var text = Find(name) ?? defaultText;
        if (!DateTimeZoneProviders.Tzdb.Ids.Contains(text))
        {
            Fault(
                name,
                "is not a time zone of the tz database; it must be a name such as Europe/Berlin or UTC."
            );
        }

        return text;
    }

    public string? ModelName(string name)
    {
        var text = Find(name);
        if (text is not null && (text.Length > 200 || !text.All(KeyText.IsVisibleAscii)))
        {
            Fault(
                name,
                "is not a model's name; it must be up to 200 characters without spaces, such as openai/gpt-4o-mini."
            );
        }

        return text;
    }

    /// <summary>A name for others to show.</summary>
    public string? Name(string name)
    {
        var text = Find(name);
        if (text is not null && (text.Length > 200 || !text.All(KeyText.IsVisibleAscii)))
        {
            Fault(name, "is not a name; it must be up to 200 visible ASCII characters without spaces.");
        }

        return text;
    }

    /// <summary>Only judged: whoever sends them reads them. Their values may be keys.</summary>
    public void Pairs(string name)
    {
        if (Find(name) is { } text && !text.Split(',').All(pair => pair.Trim().IndexOf('=') > 0))
        {
            Fault(name, "is not a list of pairs; it must be name=value, more of them after commas.");
        }
    }

    public Secret? Key(string name)
    {
        var text = Find(name);
        if (text is not null && !text.All(KeyText.IsVisibleAscii))
        {
            Fault(name, "cannot be sent in a header; it must be visible ASCII characters without spaces.");
        }

        return text is null ? null : new Secret(text);
    }

    /// <summary>One or more keys, in a setting or in a file that another one names. Nothing, and no default, is a fault.</summary>
    /// <param name="isAnyAccepted">Also those that Production refuses.</param>
    public IReadOnlyList<Secret> Keys(string name, string fileName, string? defaultText, bool isAnyAccepted)
    {
        var path = Find(fileName);
        if (path is not null && Find(name) is not null)
        {
            Fault(
                fileName,
                $"is set beside {name}; set one of the two, so that it is clear which keys hold."
            );
            return [];
        }

        var text = Find(name) ?? defaultText;
        if (path is null && text is null)
        {
            Fault(name, KeyText.Unset);
            return [];
        }

        switch (path is null ? KeyText.Read(text!, isAnyAccepted) : KeyFile.Read(path, isAnyAccepted))
        {
            case KeyReading.Ok ok:
                return ok.Keys;
            case KeyReading.Faulty faulty:
                Fault(path is null ? name : fileName, faulty.Predicate);
                break;
        }

        return [];
    }

    /// <summary>The path of a file, as it is; what is in it is read elsewhere.</summary>
    public string? Path(string name) => Find(name);

    public Secret? PrivateKey(string name)
    {
        var text = Find(name);
        if (text is null)
        {
            return null;
        }

        // Environment files cannot hold line breaks, so they are often written as \n.
        var pem = text.Replace("\\n", "\n", StringComparison.Ordinal);
        if (!IsRsaPrivateKey(pem))
        {
            Fault(
                name,
                "is not a private key; it must be an RSA key of 2048 bits or more as unencrypted PKCS#8 PEM (BEGIN PRIVATE KEY)."
            );
        }

        return new Secret(pem);
    }

    private static bool IsRsaPrivateKey(string pem)
    {
        if (!PemEncoding.TryFind(pem, out var fields) || pem[fields.Label] is not "PRIVATE KEY")
        {
            return false;
        }

        try
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            return rsa.KeySize >= 2048;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    private long Whole(string name, long defaultValue, long min, long max, string kind, string? consequence)
    {
        var text = Find(name);
        if (text is null)
        {
            return defaultValue;
        }

        // Strict: no spaces, no plus, no point, no thousands. What looks like a number is repeated, all else could
        // be a secret that slipped into the wrong line.
        var isNumber = long.TryParse(
            text,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var value
        );
        isNumber &= text[0] != '+';
        if (isNumber && value >= min && value <= max)
        {
            return value;
        }

        var found = isNumber
            ? string.Create(CultureInfo.InvariantCulture, $"is {value}")
            : "is not a whole number";
        var why = consequence is null ? "" : $", {consequence}";
        Fault(
            name,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{found}; it must be {kind} from {min} to {max}{why}."
            )
        );
        return defaultValue;
    }

    private string? Find(string name) =>
        environment.TryGetValue(name, out var text) && text is not (null or "") ? text : null;

    private void Fault(string name, string predicate) =>
        _faults.Add(new SettingFault(name, $"{name} {predicate}"));
}

using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace ManaAi.Actors.ChangeLog;

/// <summary>
/// Values by the names of fields, in the order in which the names came. Records have so few fields that looking through
/// them is cheaper than hashing their names; where there are many, the names are hashed.
/// </summary>
/// <param name="capacity">How many fields are expected.</param>
internal sealed class FieldMap<T>(int capacity) : IEnumerable<KeyValuePair<string, T>>
{
    private const int FewMax = 24;

    private KeyValuePair<string, T>[] _fields = new KeyValuePair<string, T>[capacity];
    private Dictionary<string, int>? _places;

    public int Count { get; private set; }

    public ReadOnlySpan<KeyValuePair<string, T>> Span => _fields.AsSpan(0, Count);

    public bool TryGetValue(string name, [MaybeNullWhen(false)] out T value)
    {
        var place = PlaceOf(name);
        value = place < 0 ? default : _fields[place].Value;
        return place >= 0;
    }

    /// <summary>Adds a field, or puts another value in the place of the one that it has.</summary>
    public void Set(string name, T value)
    {
        var place = PlaceOf(name);
        if (place < 0)
        {
            place = Count++;
            if (place == _fields.Length)
            {
                Array.Resize(ref _fields, Math.Max(4, 2 * place));
            }

            _places?.Add(name, place);
        }

        _fields[place] = new(name, value);
        if (_places is null && Count > FewMax)
        {
            _places = new(StringComparer.Ordinal);
            for (var each = 0; each < Count; each++)
            {
                _places.Add(_fields[each].Key, each);
            }
        }
    }

    public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => _fields.Take(Count).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int PlaceOf(string name)
    {
        if (_places is not null)
        {
            return _places.TryGetValue(name, out var place) ? place : -1;
        }

        for (var each = 0; each < Count; each++)
        {
            if (_fields[each].Key == name)
            {
                return each;
            }
        }

        return -1;
    }
}

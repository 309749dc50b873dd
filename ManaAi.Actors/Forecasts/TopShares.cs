namespace ManaAi.Actors.Forecasts;

/// <summary>Keeps the few largest of any number of shares.</summary>
internal sealed class TopShares(int countMax)
{
    private readonly List<ForecastShare> _shares = [];

    /// <summary>Those with the most runs first, and in the order of their ids where runs are equal.</summary>
    public IReadOnlyList<ForecastShare> Shares => _shares;

    public void Offer(ForecastShare share)
    {
        var place = _shares.FindIndex(other => IsBefore(share, other));
        if (place < 0)
        {
            place = _shares.Count;
        }

        if (place >= countMax)
        {
            return;
        }

        _shares.Insert(place, share);
        if (_shares.Count > countMax)
        {
            _shares.RemoveAt(countMax);
        }
    }

    private static bool IsBefore(ForecastShare share, ForecastShare other)
    {
        if (share.Runs != other.Runs)
        {
            return share.Runs > other.Runs;
        }

        var byUser = string.CompareOrdinal(share.UserId, other.UserId);
        return byUser != 0 ? byUser < 0 : string.CompareOrdinal(share.AgentId, other.AgentId) < 0;
    }
}

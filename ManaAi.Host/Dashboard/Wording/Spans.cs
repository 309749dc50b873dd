namespace ManaAi.Host.Dashboard.Wording;

/// <summary>Spans of time as people read them: two units at most, in their language.</summary>
internal static class Spans
{
    /// <summary>`4 s`, `12 min`, `3 h 20 min`, `2 d 4 h`; below ten seconds with a tenth.</summary>
    public static string Span(this Texts texts, TimeSpan span)
    {
        var whole = span.Duration();
        return whole switch
        {
            { TotalMilliseconds: < 950 } => texts.Of("span.ms", texts.Number((long)whole.TotalMilliseconds)),
            { TotalSeconds: < 9.95 } => texts.Of("span.s", texts.Number(whole.TotalSeconds, 1)),
            { TotalSeconds: < 59.5 } => texts.Of("span.s", texts.Number(whole.TotalSeconds, 0)),
            { TotalHours: < 1 } => texts.Of("span.min", texts.Number(Math.Max(1, (long)whole.TotalMinutes))),
            { TotalDays: < 1, Minutes: 0 } => texts.Of("span.h", whole.Hours),
            { TotalDays: < 1 } => texts.Of("span.h-min", whole.Hours, whole.Minutes),
            { Hours: 0 } => texts.Of("span.d", texts.Number((long)whole.TotalDays)),
            _ => texts.Of("span.d-h", texts.Number((long)whole.TotalDays), whole.Hours),
        };
    }

    /// <summary>`4 min ago`, or `in 4 min`.</summary>
    public static string Ago(this Texts texts, DateTimeOffset at, DateTimeOffset now)
    {
        var span = now - at;
        return texts.Of(span < TimeSpan.Zero ? "span.ahead" : "span.ago", texts.Span(span));
    }

    /// <summary>The same of what is over, though it may have ended after the page began.</summary>
    public static string Since(this Texts texts, DateTimeOffset at, DateTimeOffset now) =>
        texts.Ago(at < now ? at : now, now);
}

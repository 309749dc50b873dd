using System.Diagnostics;

namespace ManaAi.Actors.Ticking;

/// <summary>What the coordinator does about a message.</summary>
public enum TickAction
{
    None,
    StartTick,
    AnswerOverlapSkipped,
    AnswerTick,
}

/// <summary>Idle ⇄ busy. A tick that the timer or a wake-up owes is remembered once, never counted.</summary>
/// <param name="IsBusy">A tick folds and opens. Planning never makes the coordinator busy.</param>
/// <param name="IsTickOwed">The timer fired, or a device woke us, while busy.</param>
/// <param name="IsAnswerPending">A manual tick waits for its runs; the timer goes on meanwhile.</param>
/// <param name="IsPaused">The timer and wake-ups are ignored; a manual tick still works.</param>
public readonly record struct TickState(bool IsBusy, bool IsTickOwed, bool IsAnswerPending, bool IsPaused)
{
    public string Word =>
        (IsBusy, IsPaused) switch
        {
            (true, _) => "busy",
            (_, true) => "paused",
            _ => "idle",
        };

    public (TickState Next, TickAction Action) On(TickMessage message) =>
        (message, this) switch
        {
            (TimerFired or WokenUp, { IsPaused: true }) => (this, TickAction.None),
            (TimerFired or WokenUp, { IsBusy: true }) => (this with { IsTickOwed = true }, TickAction.None),
            (TimerFired or WokenUp, _) => (this with { IsBusy = true }, TickAction.StartTick),
            (TickRequested, { IsBusy: true } or { IsAnswerPending: true }) => (
                this,
                TickAction.AnswerOverlapSkipped
            ),
            (TickRequested, _) => (this with { IsBusy = true, IsAnswerPending = true }, TickAction.StartTick),
            (TickFinished, { IsTickOwed: true, IsPaused: false }) => (
                this with
                {
                    IsTickOwed = false,
                },
                TickAction.StartTick
            ),
            (TickFinished, _) => (this with { IsBusy = false, IsTickOwed = false }, TickAction.None),
            (RunsSettled, _) => (this with { IsAnswerPending = false }, TickAction.AnswerTick),
            (PauseRequested, _) => (this with { IsPaused = true, IsTickOwed = false }, TickAction.None),
            (ResumeRequested, _) => (this with { IsPaused = false }, TickAction.None),
            _ => throw new UnreachableException($"{message} while {this}"),
        };
}

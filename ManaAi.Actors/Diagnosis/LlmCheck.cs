using ManaAi.Actors.Planning;

namespace ManaAi.Actors.Diagnosis;

/// <summary>Whether mana-llm is there and takes the key. No model is asked, so it costs nothing.</summary>
public static class LlmCheck
{
    private const string OtherKey =
        "set MANA_LLM_KEY to a key that it takes; where that is not set, it is sent the first of MANA_SERVICE_KEY";

    private const string OtherAddress =
        "check that mana-llm runs and that MANA_LLM_URL points to it; runs wait meanwhile";

    /// <param name="isKeyKnown">False: there is no key to send, since its setting cannot be read.</param>
    public static async Task<Symptom> RunAsync(
        LlmClient llm,
        Uri url,
        bool isKeyKnown,
        CancellationToken cancellationToken
    )
    {
        var outcome = await llm.ProbeAsync(cancellationToken);
        return outcome switch
        {
            null
            or LlmOutcome.Unauthorized
            or LlmOutcome.Rejected { Status: not (404 or 405) } when !isKeyKnown => Symptom.Unknown(
                Checks.Llm,
                $"{url} answers; whether it takes the key cannot be told, since that cannot be read."
            ),
            null => Symptom.Well(Checks.Llm, $"{url} answers and takes the key; no model was asked."),
            LlmOutcome.Unauthorized refused => Symptom.Fault(
                Checks.Llm,
                $"{url} refuses the key: {refused.Detail}.",
                OtherKey
            ),
            LlmOutcome.RateLimited => Symptom.Warning(
                Checks.Llm,
                $"{url} answers 429 to everything.",
                "runs wait until it does not; a larger quota helps"
            ),
            LlmOutcome.Rejected { Status: 404 or 405 } rejected => Symptom.Fault(
                Checks.Llm,
                $"What answers at {url} does not know /v1/chat/completions: {rejected.Detail}.",
                OtherAddress
            ),
            LlmOutcome.Rejected => Symptom.Well(
                Checks.Llm,
                $"{url} answers and has not refused the key; it has no list of models that would prove it."
            ),
            LlmOutcome.Unavailable away => Symptom.Fault(
                Checks.Llm,
                $"{url} cannot be used: {away.Kind}: {away.Detail}.",
                OtherAddress
            ),
            _ => Symptom.Well(Checks.Llm, $"{url} answers."),
        };
    }
}

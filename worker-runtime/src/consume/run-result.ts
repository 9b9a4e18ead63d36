import { isRetryLater } from "../run/handler-outcome.ts";
import type { Outcome } from "../run/outcome.ts";
import type { RunResult } from "./circuit-breaker.ts";

/** What an outcome says about the things that all jobs depend on. A handler that decides to wait or to give up is well. */
export function runResult(outcome: Outcome): RunResult {
  switch (outcome.type) {
    case "Done":
      return "Succeeded";
    case "Retry":
      return isRetryLater(outcome.error) ? "Neither" : "Failed";
    case "DeadLetter":
      return outcome.reason === "AttemptsExhausted" ? "Failed" : "Neither";
    case "HandBack":
      return "Neither";
  }
}

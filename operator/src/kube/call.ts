import { ApiError, type ApiStatus, ConnectionError } from "./errors.ts";
import { connectionError, type Transport, type TransportRequest } from "./transport.ts";

/** Sends a request and reads the whole JSON answer within the time limit. `what` begins the message of every error. */
export type Call = <T>(what: string, request: CallRequest) => Promise<T>;

/** The signal, where one is given, ends the call before its time limit. */
type CallRequest = Omit<TransportRequest, "signal"> & { signal?: AbortSignal | undefined };

export function createCall(transport: Transport, requestTimeoutMs: number): Call {
  return async <T>(what: string, { signal, ...request }: CallRequest) => {
    signal?.throwIfAborted();
    const abort = new AbortController();
    const forward = () => abort.abort(signal?.reason);
    signal?.addEventListener("abort", forward, { once: true });
    const timer = setTimeout(() => abort.abort(timeLimit(what, requestTimeoutMs)), requestTimeoutMs);
    try {
      const response = await transport.send({ ...request, signal: abort.signal });
      const text = await response.body.text().catch((error: unknown) => {
        throw connectionError(what, error, abort.signal);
      });
      if (response.statusCode >= 300) {
        throw new ApiError(what, response.statusCode, parseStatus(text));
      }
      return JSON.parse(text) as T;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", forward);
    }
  };
}

/** What a request is ended with when its time is over. */
export function timeLimit(what: string, limitMs: number): ConnectionError {
  return new ConnectionError(`${what}: the API server gave no whole answer within ${limitMs} ms`);
}

/** The body of a refusal: a Status object, but plain text from proxies and from the server's own panics. */
export function parseStatus(text: string): ApiStatus {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) {
      return body;
    }
  } catch {
    // Not JSON: taken as the message below.
  }
  return { message: text.trim().slice(0, 1000) };
}

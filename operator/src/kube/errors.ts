/** The API server's `Status` object, as far as it is read. */
export interface ApiStatus {
  message?: string;
  reason?: string;
  code?: number;
  details?: ApiErrorDetails;
}

/** Which fields were refused and why, and when to come back. */
export interface ApiErrorDetails {
  name?: string;
  kind?: string;
  causes?: { reason?: string; message?: string; field?: string }[];
  retryAfterSeconds?: number;
}

/**
 * The API server refused a request. The message is the server's own, behind what was asked of it.
 * `reason` is its machine-readable word ("Invalid", "Conflict", "AlreadyExists", "Forbidden" …), `details` its field causes.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly reason: string;
  readonly details: ApiErrorDetails;

  constructor(request: string, status: number, body: ApiStatus) {
    super(`${request}: ${body.message || `HTTP ${status}`}`);
    this.status = status;
    this.reason = body.reason ?? "";
    this.details = body.details ?? {};
  }
}

/**
 * No whole answer came: refused or cut connection, failed name lookup or TLS, or the time limit passed.
 * Whether a write took effect is unknown. Likely the API server restarts or the network is down: try again with back-off.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

function answered(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

/** The object (or the namespace, or the whole kind) does not exist. */
export function isNotFound(error: unknown): error is ApiError {
  return answered(error, 404);
}

/** Somebody wrote the object first, or a field belongs to another manager: read again, decide again. */
export function isConflict(error: unknown): error is ApiError {
  return answered(error, 409) && error.reason !== "AlreadyExists";
}

/** An object of that name was there before. */
export function isAlreadyExists(error: unknown): error is ApiError {
  return answered(error, 409) && error.reason === "AlreadyExists";
}

/** The object itself is wrong (a value is refused, a field is unknown): trying again unchanged is no use. */
export function isInvalid(error: unknown): error is ApiError {
  // Server-side apply answers 500 to a field that the schema does not know, has the wrong type or cannot be read.
  const untyped = answered(error, 500) && /failed to (create typed patch|convert new) object/.test(error.message);
  return answered(error, 422) || (answered(error, 400) && error.reason === "BadRequest") || untyped;
}

/** The resourceVersion or the list's page is too old: list again. */
export function isGone(error: unknown): error is ApiError {
  return answered(error, 410);
}

const untrusted = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
];

/**
 * What is wrong with the certificate that a broker showed, or with the TLS on its port, and how to mend it; undefined if the
 * connection failed for another reason.
 *
 * @param error what Node, amqplib or undici failed with.
 * @param hasCa whether a CA was given as `ca.crt`.
 */
export function certificateFault(error: unknown, host: string, hasCa: boolean): string | undefined {
  const { code, message } = tlsErrorIn(error) ?? {};
  if (code === undefined) return undefined;
  if (untrusted.includes(code)) {
    return hasCa
      ? `the CA in ca.crt did not sign the broker's certificate (${message}): put there the certificate of the CA that did, in PEM`
      : `the broker's certificate is signed by a CA that is not trusted here (${message}): give the CA's certificate as ca.crt, in PEM`;
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "the broker's certificate, or the CA's, has expired: renew it on the broker, or in ca.crt";
    case "CERT_NOT_YET_VALID":
      return "the broker's certificate, or the CA's, is not valid yet: correct the clock of this node or of the broker";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `the broker's certificate is for other names (${message}): give as host a name that is in it, or have it issued for "${host}" too`;
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return `the port does not speak TLS (${message}): give the broker's TLS port, usually 5671, or leave out ca.crt and amqps://`;
    default:
      return undefined;
  }
}

function tlsErrorIn(error: unknown): { readonly code: string; readonly message: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  const deeper = tlsErrorIn(inner);
  if (deeper) return deeper;
  if (!("code" in error) || typeof error.code !== "string") return undefined;
  // OpenSSL's own words begin with a thread's number and name a file of C.
  const { message } = error;
  return { code: error.code, message: "reason" in error && typeof error.reason === "string" ? error.reason : message };
}

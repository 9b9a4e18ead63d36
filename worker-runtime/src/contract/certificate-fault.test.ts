import { expect, test } from "vitest";
import { certificateFault } from "./certificate-fault.ts";

const failure = (code: string, message = "said so") => Object.assign(new Error(message), { code });

test.each([
  ["SELF_SIGNED_CERT_IN_CHAIN", false, "give the CA's certificate as ca.crt"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", true, "the CA in ca.crt did not sign the broker's certificate (said so)"],
  ["CERT_HAS_EXPIRED", true, "has expired: renew it"],
  ["CERT_NOT_YET_VALID", true, "correct the clock"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", true, 'have it issued for "rabbit" too'],
  ["ERR_SSL_WRONG_VERSION_NUMBER", true, "the port does not speak TLS"],
] as const)("%s is told with the way out", (code, hasCa, words) => {
  expect(certificateFault(failure(code), "rabbit", hasCa)).toContain(words);
  const wrapped = new Error("fetch failed", { cause: new AggregateError([failure(code)]) });
  expect(certificateFault(wrapped, "rabbit", hasCa)).toContain(words);
});

test("what is no certificate's fault is left to others", () => {
  for (const other of [failure("ECONNREFUSED"), new Error("closed"), "text", undefined]) {
    expect(certificateFault(other, "rabbit", true)).toBeUndefined();
  }
});

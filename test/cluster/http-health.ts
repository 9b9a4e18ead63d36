import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";

/**
 * Whether a URL answers 2xx within two seconds. Nothing is thrown: a server that is starting refuses connections.
 * Certificates are not checked unless `tls.ca` is given, as the components' health ports have self-signed ones.
 */
export function answers(
  url: string,
  options: Pick<RequestOptions, "ca" | "cert" | "key" | "auth"> = {},
): Promise<boolean> {
  return new Promise((resolve) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const request = send(
      url,
      { agent: false, timeout: 2_000, rejectUnauthorized: options.ca !== undefined, ...options },
      (response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 300);
      },
    );
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.end();
  });
}

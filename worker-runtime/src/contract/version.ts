import { z } from "zod";

/**
 * The protocol between operator and workers. Raise the minor number when a field is added, the major one when an older
 * reader would misunderstand. Readers accept any minor version of their own major, so either side may be ahead.
 */
export const protocolVersion = "1.3";

const [major] = protocolVersion.split(".");

/** A protocol version that this side can read. */
export const readableVersion = z
  .string()
  .regex(
    new RegExp(`^${major}\\.[0-9]+$`),
    `expected protocol version ${major}.x: upgrade the older of operator and worker`,
  );

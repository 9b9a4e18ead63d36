import { z } from "zod";
import { reference } from "./schema.ts";

/** With what the jobs of a JobQueue are encrypted. */
export const encryption = z
  .object({
    keySecretRef: reference(
      "Secret with the keys: for each an entry named for its id, 32 bytes in base64, and the entry 'current' with the id of the one to encrypt with. To rotate, add a key, let 'current' name it, and remove the old one when no job of its time is left.",
    ),
  })
  .describe(
    "Encrypts the bodies of jobs with AES-256-GCM. Producers need the same keys. Can be set when the JobQueue is created only. Left out: bodies are plain.",
  );

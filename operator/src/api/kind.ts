import type { z } from "zod";
import type { Rule } from "./schema.ts";

/** The API group and version of every kind here. */
export const group = "jobwright.dev";
export const version = "v1alpha1";

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  /** 0 (default) shows always, 1 only with `-o wide`. */
  readonly priority?: number;
}

/** A custom resource as this project describes one; crd.ts turns it into a CustomResourceDefinition. */
export interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** CEL rules on the whole object. */
  readonly rules: readonly Rule[];
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath: string;
  };
  readonly printerColumns: readonly PrinterColumn[];
}

/** What the operator and the workers agree on. Nothing here does I/O. */
export * from "./binding.ts";
export * from "./certificate-fault.ts";
export * from "./command.ts";
export * from "./configuration.ts";
export * from "./delay.ts";
export * from "./duration.ts";
export * from "./event-binding.ts";
export * from "./headers.ts";
export * from "./heartbeat.ts";
export * from "./json-schema.ts";
export * from "./log.ts";
export * from "./names.ts";
export * from "./outcome-event.ts";
export * from "./version.ts";

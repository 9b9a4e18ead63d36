#!/usr/bin/env node
// In a container Node is process 1, and the kernel drops a signal to process 1 that nobody listens to: a pod that is
// deleted while it starts would come up, take jobs, and be killed in the middle of them. So this listens before
// anything else is loaded.
import "./stop-signal.ts";

const { runProgram } = await import("./program.ts");
await runProgram();

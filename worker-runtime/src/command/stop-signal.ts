import { once } from "node:events";

const asked = Promise.race([
  once(process, "SIGTERM").then(() => "SIGTERM"),
  once(process, "SIGINT").then(() => "SIGINT"),
]);
// Asked once more, by a kubelet that was restarted for one, it stops as it was doing: a signal that nobody listens to would
// end the process in the middle of its jobs, unless it is process 1.
process.on("SIGTERM", () => {});
let given = false;
void asked.then(() => {
  given = true;
});

/** Settles, with the signal's name, when the process is asked to stop. */
export function stopSignal(): Promise<string> {
  return asked;
}

/** Whether it has been asked already. */
export function isAskedToStop(): boolean {
  return given;
}

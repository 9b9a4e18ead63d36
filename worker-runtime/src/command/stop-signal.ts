import { once } from "node:events";

const asked = Promise.race([
  once(process, "SIGTERM").then(() => "SIGTERM"),
  once(process, "SIGINT").then(() => "SIGINT"),
]);
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

import { apply, kubectl } from "../../../test/e2e/kubectl.ts";
import type { Subject } from "../subject.ts";
import { maxReplicas } from "../traces.ts";
import { plainDeployment } from "../worker.ts";

/** Nobody scales by himself: how soon a pod works that somebody asks for. No autoscaler can be faster. */
export const kubectlScaleToOne = kubectlScale("single", 1);

/** All the workers at once, by a hand that knows what comes: what the burst takes where nothing is left to decide. */
export const kubectlScaleToAll = kubectlScale("burst", maxReplicas);

function kubectlScale(trace: string, replicas: number): Subject {
  return {
    subject: "kubectl-scale",
    config: `--replicas=${replicas}`,
    pollingMs: 0,
    only: [trace],
    async deploy({ stage, run, queue, template }) {
      const { namespace, vhost, broker, proxy } = stage;
      const brokerUrl = `amqp://${broker.username}:${broker.password}@${broker.host}:${proxy.amqpPort}/${encodeURIComponent(vhost.name)}`;
      await apply(plainDeployment({ namespace, template, brokerUrl, queue }));
      return {
        scale: async () =>
          void (await kubectl("scale", `deployment/${run}`, "-n", namespace, `--replicas=${replicas}`)),
        async [Symbol.asyncDispose]() {
          await kubectl("delete", "deployment", run, "-n", namespace);
        },
      };
    },
  };
}

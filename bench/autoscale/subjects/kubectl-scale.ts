import { apply, kubectl } from "../../../test/e2e/kubectl.ts";
import type { Subject } from "../subject.ts";
import { plainDeployment } from "../worker.ts";

/** Nobody scales by himself: how soon a pod works that somebody asks for. No autoscaler can be faster. */
export const kubectlScale: Subject = {
  subject: "kubectl-scale",
  config: "--replicas=1",
  pollingMs: 0,
  only: ["single"],
  async deploy({ stage, run, queue, template }) {
    const { namespace, vhost, broker, proxy } = stage;
    const brokerUrl = `amqp://${broker.username}:${broker.password}@${broker.host}:${proxy.amqpPort}/${encodeURIComponent(vhost.name)}`;
    await apply(plainDeployment({ namespace, template, brokerUrl, queue }));
    return {
      scale: async () => void (await kubectl("scale", `deployment/${run}`, "-n", namespace, "--replicas=1")),
      async [Symbol.asyncDispose]() {
        await kubectl("delete", "deployment", run, "-n", namespace);
      },
    };
  },
};

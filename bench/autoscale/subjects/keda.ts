import { apply, kubectl } from "../../../test/e2e/kubectl.ts";
import { type KedaSettings, scaledObject } from "../keda/scaled-object.ts";
import type { Subject } from "../subject.ts";
import { plainDeployment } from "../worker.ts";
import { scaleDownSeconds } from "./jobwright.ts";

/** As a WorkerPool gives its workers by default. */
const graceSeconds = 300;

/** A Deployment and a ScaledObject with nothing but what they require. */
export const kedaDefault = keda("keda-default", "queueLength 20, polling 30 s, amqp", { protocol: "amqp" });

/** KEDA at its quickest: polled each second, with no limit to how many pods come at once, and patient with what runs. */
export function kedaTuned(queueLength: number, protocol: KedaSettings["protocol"]): Subject {
  const settings = { queueLength, protocol, pollingSeconds: 1, scaleDownSeconds };
  return keda("keda-tuned", `queueLength ${queueLength}, polling 1 s, ${protocol}`, settings, graceSeconds);
}

function keda(subject: string, config: string, settings: KedaSettings, graceSeconds?: number): Subject {
  return {
    subject,
    config,
    pollingMs: (settings.pollingSeconds ?? 30) * 1000,
    async deploy({ stage, run, queue, template }) {
      const { namespace, vhost, broker, proxy } = stage;
      const credentials = `${broker.username}:${broker.password}`;
      const amqpUrl = `amqp://${credentials}@${broker.host}:${proxy.amqpPort}`;
      const httpUrl = proxy.managementUrl.replace("http://", `http://${credentials}@`);
      const brokerUrl = `${amqpUrl}/${encodeURIComponent(vhost.name)}`;
      await apply(plainDeployment({ namespace, template, brokerUrl, queue, graceSeconds }));
      await apply(
        ...scaledObject({ namespace, deployment: run, queue, vhost: vhost.name, amqpUrl, httpUrl, settings }),
      );
      await kubectl("wait", `scaledobject/${run}`, "-n", namespace, "--for=condition=Ready", "--timeout=60s");
      return {
        async [Symbol.asyncDispose]() {
          await kubectl("delete", "scaledobject", run, "-n", namespace, "--timeout=60s");
          await kubectl("delete", "deployment", run, "-n", namespace);
          await kubectl("delete", `secret/${run}-keda`, `triggerauthentication/${run}`, "-n", namespace);
        },
      };
    },
  };
}

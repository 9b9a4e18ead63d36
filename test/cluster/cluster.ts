import { type Broker, readBroker } from "../broker/server.ts";
import { type BrokerVersion, brokerVersions, defaultBrokerVersion } from "../broker/versions.ts";
import { apiServer } from "./apiserver.ts";
import { externalKubeconfig } from "./external.ts";
import { ownKubeconfig } from "./paths.ts";
import { findRunning } from "./processes.ts";

/** The Kubernetes cluster and the brokers that tests run on. */
export interface Cluster {
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string;
  /** Whether it is a cluster of the user's own, named by KUBECONFIG. */
  external: boolean;
  /** The brokers that run now, the default version first: the newest, or the one that JOBWRIGHT_TEST_RABBITMQ names. */
  brokers: Broker[];
  /**
   * The broker of a version, the default one when none is named.
   * @throws when it does not run.
   */
  broker(version?: BrokerVersion): Broker;
}

/**
 * The facts about what `npm run cluster -- up` has started.
 * @throws when nothing is up; the message says what to run.
 */
export function readCluster(): Cluster {
  const external = externalKubeconfig();
  if (external === undefined && findRunning(apiServer.name) === undefined) {
    throw new Error("No test cluster runs. Start one with: npm run cluster -- up");
  }
  const preferred = process.env.JOBWRIGHT_TEST_RABBITMQ;
  const running = brokerVersions.flatMap((version) => readBroker(version) ?? []);
  const brokers = running.toSorted((a, b) => Number(b.version === preferred) - Number(a.version === preferred));
  if (preferred !== undefined && brokers[0]?.version !== preferred) {
    throw new Error(
      `JOBWRIGHT_TEST_RABBITMQ is "${preferred}", and no such RabbitMQ runs: npm run cluster -- up --rabbitmq ${preferred}`,
    );
  }
  return {
    kubeconfig: external ?? ownKubeconfig,
    external: external !== undefined,
    brokers,
    broker: (version) => pickBroker(brokers, version),
  };
}

function pickBroker(brokers: Broker[], version: BrokerVersion | undefined): Broker {
  const found = version === undefined ? brokers[0] : brokers.find((broker) => broker.version === version);
  if (found === undefined) {
    const wanted = version ?? defaultBrokerVersion;
    throw new Error(`RabbitMQ ${wanted} does not run. Start it with: npm run cluster -- up --rabbitmq ${wanted}`);
  }
  return found;
}

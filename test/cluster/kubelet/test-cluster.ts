// Helpers for the kubelet's tests on a real control plane.
import type { Cluster } from '../cluster.ts';
import { waitUntil } from '../wait-until.ts';

/** The parts of a pod that the tests read from `kubectl get -o json`. */
export interface SeenPod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
    readonly containerStatuses?: readonly SeenContainer[];
    readonly initContainerStatuses?: readonly SeenContainer[];
  };
}

export interface SeenContainer {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: { waiting?: Waiting; running?: object; terminated?: Ended };
  readonly lastState: { terminated?: Ended };
}

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

export interface Ended {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
}

/** The tests' access to a cluster. Calls fail with kubectl's message. */
export function talkTo(cluster: Cluster, namespace: string) {
  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl('-n', namespace, ...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const apply = (...objects: object[]): Promise<string> =>
    cluster.apply(objects.map((object) => withNamespace(object, namespace)));
  const pods = async (selector: string): Promise<SeenPod[]> =>
    (JSON.parse(await kubectl('get', 'pods', '-l', selector, '-o', 'json')) as { items: SeenPod[] }).items;
  const pod = async (name: string): Promise<SeenPod> =>
    JSON.parse(await kubectl('get', 'pod', name, '-o', 'json')) as SeenPod;
  return {
    kubectl,
    apply,
    pods,
    pod,
    /** Waits for the pod to satisfy `wanted`. */
    podWhen: (name: string, what: string, wanted: (pod: SeenPod) => boolean): Promise<SeenPod> => {
      let last: SeenPod | undefined;
      const look = async (): Promise<SeenPod | undefined> => {
        last = await pod(name);
        return wanted(last) ? last : undefined;
      };
      return waitUntil(`pod ${name} that ${what}`, look, { seen: () => JSON.stringify(last?.status ?? 'no pod') });
    },
    /** Sends a request to the application in a pod, through the API server. */
    ask: (name: string, path: string): Promise<string> =>
      kubectl('get', '--raw', `/api/v1/namespaces/${namespace}/pods/${name}:8080/proxy${path}`),
    events: async (name: string): Promise<{ reason: string; message: string; count: number }[]> => {
      const text = await kubectl('get', 'events', '--field-selector', `involvedObject.name=${name}`, '-o', 'json');
      return (JSON.parse(text) as { items: { reason: string; message: string; count: number }[] }).items;
    },
  };
}

function withNamespace(object: object, namespace: string): object {
  const { metadata } = object as { metadata?: object };
  return { ...object, metadata: { namespace, ...metadata } };
}

export function isReady(pod: SeenPod): boolean {
  return pod.status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
}

/** A Deployment of the test application; `container` is merged into its one container. */
export function aDeployment(name: string, replicas: number, container: object = {}, template: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [aWebContainer(container)], ...template } },
    },
  };
}

export function aWebContainer(over: object = {}): object {
  return {
    name: 'web',
    image: 'sluice.test/app:v1',
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1 },
    ...over,
  };
}

/** A bare pod; `spec` is merged over one that has a single test application. */
export function aBarePod(name: string, container: object = {}, spec: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { containers: [aWebContainer(container)], ...spec },
  };
}

/** Environment variables from a record. */
export function envOf(values: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

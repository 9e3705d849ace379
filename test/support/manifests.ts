/** What a user would apply: a Deployment of the test application with its Service, and a VirtualService. */
export type AppTraits = {
  readonly name?: string;
  readonly version: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly image?: string;
};

/** Deployment of the test application, as a person writes it: nothing that the API server would fill in. */
export const app = ({
  name = 'web',
  version,
  replicas = 3,
  annotations = {},
  env = {},
  image = `sluice.test/app:${version}`,
}: AppTraits): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, annotations },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: {
        labels: { app: name },
        annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
      },
      spec: {
        containers: [
          {
            name: 'app',
            image,
            ports: [{ containerPort: 8080 }],
            env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
            readinessProbe: { httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
});

export const service = (name = 'web'): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

/** A user's own route: one rule with a header match to another place, one that sends to the Service. */
export const virtualService = (name = 'web'): object => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: `${name}-routes`, labels: { team: 'shop' } },
  spec: {
    hosts: [name],
    http: [
      { name: 'untouched', match: [{ uri: { prefix: '/never' } }], redirect: { uri: '/elsewhere' } },
      { name: 'main', timeout: '5s', route: [{ destination: { host: name } }] },
    ],
  },
});

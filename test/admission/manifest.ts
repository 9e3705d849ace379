/** The files of a case, as they are written to disk for the tools. */
import type { JsonObject, Labels } from '../../src/values/kube-object.ts';
import { apiVersion } from '../../src/schema/names.ts';
import type { Fields, Manifest } from './case.ts';

const imageOf = (version: string): string => (version === 'missing' ? 'nowhere.test/app:1' : `web:${version}`);

/** Ready in pods of `web-canary` alone. */
const stuck: JsonObject = {
  env: [{ name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  readinessProbe: {
    exec: { command: ['sh', '-c', 'case $POD in *-canary-*) exit 0;; esac; exit 1'] },
    periodSeconds: 1,
  },
};

const container = ({ version, stuck: isStuck }: Manifest): JsonObject => ({
  name: 'app',
  image: imageOf(version),
  command: ['sleep', 'infinity'],
  ...(isStuck === true ? stuck : {}),
});

/** Nothing that the API server would fill in, as in Git. The pods sleep: no case needs an answer from them. */
export const deployment = (file: Manifest, annotations: Labels): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', annotations: { ...annotations, ...file.annotations } },
  spec: {
    ...(file.paused === undefined ? {} : { paused: file.paused }),
    ...(file.replicas === 'left out' ? {} : { replicas: file.replicas ?? 1 }),
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [container(file)],
      },
    },
  },
});

/** The apex of the release; nobody calls it. */
export const service: JsonObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
};

const versions = { Deployment: 'apps/v1', VirtualService: 'networking.istio.io/v1', CanaryPolicy: apiVersion } as const;

const fields = ({ kind = 'Deployment', metadata, spec }: Fields): JsonObject => ({
  apiVersion: versions[kind],
  kind,
  metadata: { name: 'web', ...metadata },
  spec,
});

const isManifest = (file: Manifest | Fields): file is Manifest => 'version' in file;

/** Text of a file: JSON is YAML. */
export const fileText = (file: Manifest | Fields, annotations: Labels): string =>
  JSON.stringify(isManifest(file) ? deployment(file, annotations) : fields(file), null, 2);

/** A chart whose value `version` is the image's. */
export const chart = (annotations: Labels): { readonly [path: string]: string } => ({
  'chart/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\n',
  'chart/templates/deployment.yaml': fileText({ version: '{{ .Values.version }}' }, annotations),
});

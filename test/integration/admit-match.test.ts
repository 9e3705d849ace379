/** Which writes the API server asks about, and what happens when nobody answers. */
import { createServer, type Server } from 'node:https';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { boundMarks } from '../../src/core/marks/marks.ts';
import { crds } from '../../src/manifests/crds.ts';
import { apiVersion } from '../../src/schema/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest, startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { listen } from '../cluster/listen.ts';

const [v1, v2] = ['sluice.test/app:1', 'sluice.test/app:2'] as const;
const namespace = `admit-match-${process.pid}`;
const apply = ['apply', '-f', '-'];
const alice = ['--as', 'alice', '--as-group', 'system:masters'];
const asSluice = ['--as', sluice, '--as-group', 'system:masters'];
let cluster: Cluster;
let kit: AdmissionKit;

beforeAll(async () => {
  cluster = await attach();
  await cluster.apply([...crds()]);
  await cluster.run('kubectl', [
    'wait',
    '--for=condition=Established',
    '--timeout=120s',
    ...crds().map((crd) => `crd/${crd.metadata.name}`),
  ]);
  kit = await startAdmission(cluster, namespace);
  for (const [name, annotations] of [
    ['web', { 'sluice.dev/canary': 'enabled' }],
    ['plain', {}],
  ] as const) {
    await kit.succeed(apply, aManifest(name, v1, annotations));
    await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
  }
}, 180_000);
afterAll(async () => {
  await kit.stop();
});
beforeEach(() => void kit.seen());

const setImage = (name: string, image: string, ...more: readonly string[]): readonly string[] => [
  'set',
  'image',
  `deployment/${name}`,
  `app=${image}`,
  ...more,
];

describe('the API server does not ask about', () => {
  // A status the Deployment controller writes from what it saw before our annotation changed is asked about, too.
  beforeEach(async () => {
    for (const name of ['web', 'plain'])
      await kit.succeed(['rollout', 'status', `deployment/${name}`, '--timeout=120s']);
    kit.seen();
  });

  const merge = (change: object, ...more: readonly string[]): readonly string[] => [
    'patch',
    'deployment',
    'web',
    '--type=merge',
    ...more,
    '-p',
    JSON.stringify(change),
  ];

  it.each<[string, (n: number) => readonly string[]]>([
    ['scaling', (n) => ['scale', 'deployment/web', `--replicas=${2 + n}`]],
    ['scaling by a write of the whole object', (n) => merge({ spec: { replicas: 3 - n } })],
    ['labels', (n) => ['label', 'deployment', 'web', `team=t${n}`, '--overwrite']],
    ['annotations of others', (n) => ['annotate', 'deployment', 'web', `example.com/a=${n}`, '--overwrite']],
    ['the strategy', (n) => merge({ spec: { minReadySeconds: n } })],
    ['the status', (n) => merge({ status: { collisionCount: n } }, '--subresource=status')],
    ['a new template of a workload that has not opted in', (n) => setImage('plain', `sluice.test/app:${n + 5}`)],
    [
      'what Sluice writes itself',
      (n) => ['annotate', 'deployment', 'web', `sluice.dev/known-good=${n}`, '--overwrite', ...asSluice],
    ],
    ['the deletion of a workload', () => ['delete', 'deployment', 'plain', '--dry-run=server']],
  ])('%s', async (_case, args) => {
    await kit.succeed(args(1));
    expect(kit.seen()).toEqual([]);
    await kit.whileDown(() => kit.succeed(args(2)));
  });

  it('unless an annotation of ours appears for the first time, however misspelt', async () => {
    await kit.succeed(['annotate', 'deployment', 'plain', 'sluice.dev/canary=disabled']);
    expect(new Set(kit.seen())).toEqual(new Set(['not-opted-in', 'validated']));
    await kit.succeed(['annotate', 'deployment', 'plain', 'sluice.dev/canary-']);
    expect(new Set(kit.seen())).toEqual(new Set(['not-opted-in', 'validated']));
  });

  it('except that more annotations than anybody needs are looked through by the webhook', async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`example.com/k${i}`, 'v']));
    await kit.succeed(apply, aManifest('many', v1, many));
    await kit.succeed(['rollout', 'status', 'deployment/many', '--timeout=120s']);
    expect(new Set(kit.seen())).toEqual(new Set(['not-opted-in', 'validated']));
    await kit.succeed(['scale', 'deployment/many', '--replicas=1']);
    await kit.succeed(['label', 'deployment', 'many', 'a=b']);
    expect(kit.seen()).toEqual([]);
    await kit.succeed(setImage('many', v2));
    expect(new Set(kit.seen())).toEqual(new Set(['not-opted-in', 'validated']));
  });

  it('and a workload without any annotation at all is created and changed unseen', async () => {
    const { metadata: _metadata, ...manifest } = aManifest('bare', v1);
    await kit.whileDown(async () => {
      await kit.succeed(['create', '-f', '-'], { ...manifest, metadata: { name: 'bare' } });
      await kit.succeed(setImage('bare', v2));
    });
  });
});

describe('while no webhook answers', () => {
  it('a new template is refused, and nothing changes', async () => {
    const { code, stderr } = await kit.whileDown(() => kit.kubectl(setImage('web', v2)));
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('deployments.sluice.dev')]);
    expect(JSON.stringify((await kit.deployment('web')).spec.template)).toContain(v1);
    expect((await kit.deployment('web')).spec.paused).toBeUndefined();
  });

  it('what Sluice made can still be removed by hand', async () => {
    const owned = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'left-behind', labels: { 'app.kubernetes.io/managed-by': 'sluice' } },
      spec: { ports: [{ port: 80 }] },
    };
    await kit.succeed(['create', ...asSluice, '-f', '-'], owned);
    await kit.whileDown(() => kit.succeed(['delete', 'service', 'left-behind', ...alice]));
  });
});

describe('what Sluice made', () => {
  const labels = { 'app.kubernetes.io/managed-by': 'sluice', 'sluice.dev/release': 'web-5' };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web-canary', labels },
    spec: { ports: [{ port: 80 }] },
  };

  it('is Sluices alone, except for Kubernetes itself', async () => {
    await kit.succeed(['create', ...asSluice, '-f', '-'], service);
    for (const args of [
      ['delete', 'service', 'web-canary'],
      ['label', 'service', 'web-canary', 'a=b'],
      ['label', 'service', 'web-canary', 'app.kubernetes.io/managed-by-'],
    ]) {
      const { code, stderr } = await kit.kubectl([...args, ...alice]);
      expect([code === 0, stderr]).toEqual([
        false,
        expect.stringContaining('Service web-canary belongs to release web-5'),
      ]);
    }
    expect(new Set(kit.seen())).toEqual(new Set(['guarded']));
    const collector = 'system:serviceaccount:kube-system:generic-garbage-collector';
    await kit.succeed(['delete', 'service', 'web-canary', '--as', collector, '--as-group', 'system:masters']);
  });

  it('cannot be claimed by others', async () => {
    const { stderr } = await kit.kubectl(['create', ...alice, '-f', '-'], service);
    expect(stderr).toContain('Give yours another value');
  });
});

describe('a request on a Release', () => {
  const release = {
    apiVersion,
    kind: 'Release',
    metadata: { name: 'web-5' },
    spec: {
      workload: { kind: 'Deployment', name: 'web', uid: '0000' },
      templateHash: 'b',
      stableHash: 'a',
      policy: {},
    },
  };
  const request = async (): Promise<unknown> =>
    JSON.parse(
      await kit.succeed([
        'get',
        'release',
        'web-5',
        '-o',
        'jsonpath={.metadata.annotations.sluice\\.dev/request\\.a1}',
      ]),
    );

  it('gets its author from the API server', async () => {
    await kit.succeed(['create', ...asSluice, '-f', '-'], release);
    const text = JSON.stringify({ verb: 'promote', by: 'the boss' });
    await kit.succeed(['annotate', 'release', 'web-5', `sluice.dev/request.a1=${text}`, ...alice]);
    expect(await request()).toMatchObject({
      verb: 'promote',
      by: 'alice',
      at: expect.stringMatching(/^\d{4}-/),
    });
    expect(kit.seen()).toEqual(['signed', 'pass']);
    await kit.succeed(['annotate', 'release', 'web-5', 'note=x', ...alice]);
    expect(kit.seen()).toEqual([]);
    const { code, stderr } = await kit.kubectl([
      'annotate',
      '--overwrite',
      'release',
      'web-5',
      'sluice.dev/request.a2={"verb":"explode"}',
      ...alice,
    ]);
    expect([code === 0, stderr]).toEqual([
      false,
      expect.stringContaining('one of promote, resume, skip-step, abort, retry'),
    ]);
    await kit.succeed(['annotate', 'release', 'web-5', 'sluice.dev/request.a3={"verb":"abort"}', ...alice]);
    expect(await request()).toMatchObject({ verb: 'promote' });
    expect(kit.seen()).toContain('signed');
    await kit.succeed(['annotate', 'release', 'web-5', 'sluice.dev/request.a1-', ...alice]);
    expect(kit.seen()).toEqual([]);
  });
});

describe('a policy', () => {
  it('is asked about', async () => {
    await kit.succeed(['create', '-f', '-'], {
      apiVersion,
      kind: 'CanaryPolicy',
      metadata: { name: 'careful' },
      spec: { weights: [5, 50] },
    });
    expect(kit.seen()).toEqual(['pass', 'policy-written']);
  });
});

describe('beside another mutating webhook', () => {
  let other: Server;
  /** Adds a label to every Deployment, so that the API server asks us a second time. */
  const start = async (): Promise<void> => {
    other = createServer(kit.certificate, (incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { request } = JSON.parse(Buffer.concat(chunks).toString()) as {
          request: { uid: string; object: { metadata: { labels?: object } } };
        };
        const labelled = [
          {
            op: 'add',
            path: '/metadata/labels',
            value: { ...request.object.metadata.labels, stamped: `t${Date.now()}` },
          },
        ];
        const answer = {
          uid: request.uid,
          allowed: true,
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify(labelled)).toString('base64'),
        };
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
      });
    });
    const port = await listen(other);
    await cluster.apply([
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingWebhookConfiguration',
        // Sorted after ours: asked later.
        metadata: { name: `${namespace}-z` },
        webhooks: [
          {
            name: 'stamp.example.com',
            admissionReviewVersions: ['v1'],
            sideEffects: 'None',
            clientConfig: {
              url: `https://127.0.0.1:${port}/`,
              caBundle: kit.caBundle,
            },
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
            rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['UPDATE'] }],
          },
        ],
      },
    ]);
  };

  it('the second question about a resume gets the same answer as the first', async () => {
    await start();
    try {
      await waitUntil('the other webhook to be asked', async () => {
        await kit.succeed(['annotate', 'deployment', 'web', `example.com/n=${Date.now()}`, '--overwrite']);
        return JSON.stringify((await kit.deployment('web')).metadata.labels ?? {}).includes('stamped');
      });
      await kit.succeed(['rollout', 'pause', 'deployment/web']);
      await kit.succeed(setImage('web', v2));
      expect(boundMarks(await kit.deployment('web'))?.phase).toBe('UserPaused');
      kit.seen();
      await kit.succeed(['rollout', 'resume', 'deployment/web']);
      // Again where the Deployment controller got in between: the API server then starts over.
      expect(kit.seen().join(' ')).toMatch(/^(resumed resumed validated ?)+$/);
      const held = await kit.deployment('web');
      expect([held.spec.paused, boundMarks(held)?.phase]).toEqual([true, undefined]);
      expect(boundMarks(held)).toBeDefined();
    } finally {
      await kit.kubectl(['delete', 'mutatingwebhookconfiguration', `${namespace}-z`]);
      other.close();
    }
  });
});

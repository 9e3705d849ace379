/** Who may write to what Sluice made, by which verb, on a real API server with its own authorisation. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { canaryDeployment, canaryService, type CanaryPlan } from '../../src/core/release/canary.ts';
import type { Deployment, KubeObject, Service } from '../../src/values/kube-object.ts';
import { percent } from '../../src/values/percent.ts';
import { crds } from '../../src/manifests/crds.ts';
import { routeKinds } from '../../src/manifests/rbac.ts';
import { workedKinds } from '../../src/main/worked-kinds.ts';
import { trafficRunners, usedKinds } from '../../src/traffic/index.ts';
import type { Finished } from '../cluster/binaries/run-command.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { attach } from '../cluster/up.ts';
import { sluice } from '../support/admission-input.ts';
import { aManifest, startAdmission, type AdmissionKit } from '../support/admission-webhook.ts';

jest.setTimeout(120_000);

const namespace = `admit-guards-${process.pid}`;
const breakGlass = 'sluice.dev/break-glass';
const asSluice = ['--as', sluice, '--as-group', 'system:masters'];
/** May do everything with the kinds in question; Carol may break the glass, too. */
const [bob, carol] = [
  ['--as', 'bob'],
  ['--as', 'carol'],
];
type LogLine = Readonly<Record<string, unknown>>;
const lines: LogLine[] = [];
let cluster: Cluster;
let kit: AdmissionKit;

const routes = routeKinds(workedKinds).map(({ gvk }) => gvk);
const role = (name: string, subjects: readonly string[], rules: readonly object[]): readonly object[] => [
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name, namespace }, rules },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: subjects.map((subject) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: subject })),
  },
];
const grants = [
  ...role(
    'editors',
    ['bob', 'carol'],
    [
      {
        apiGroups: ['', 'apps'],
        resources: ['deployments', 'deployments/scale', 'deployments/status', 'services', 'services/status'],
        verbs: ['*'],
      },
      ...routes.map(({ group, plural }) => ({ apiGroups: [group], resources: [plural], verbs: ['*'] })),
    ],
  ),
  ...role('break-glass', ['carol'], [{ apiGroups: ['sluice.dev'], resources: ['releases'], verbs: ['break-glass'] }]),
];

/** What the controller makes for a release of a workload, by its own functions. */
const madeFor = (name: string): readonly KubeObject[] => {
  const manifest = aManifest(name, 'sluice.test/app:1');
  const workload = { ...manifest, metadata: { ...manifest.metadata, namespace } } as unknown as Deployment;
  const release = { name: `${name}-5`, uid: '00000000-0000-0000-0000-000000000000' };
  const apex: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
  };
  const plan: CanaryPlan = {
    workload,
    release: { ...release, templateHash: 'b' },
    replicas: 0,
    arm: { splits: 'route', label: 'app', value: `${name}-canary` },
  };
  const target = { namespace, workload: name, apex, canaryService: `${name}-canary`, release };
  const made = Object.values(trafficRunners)
    .flatMap((provider) => provider.render(target, { weight: percent(10) }, new Map()))
    .flatMap((change) => (change.op === 'create' ? [change.body] : []));
  const own = [...new Map(made.map((object) => [object.kind, object])).values()];
  // Without an owner that exists the garbage collector would take them away.
  return [canaryDeployment(plan), canaryService(plan, apex), ...own].map((object) => {
    const { ownerReferences: _owners, ...metadata } = object.metadata;
    return { ...object, metadata };
  });
};

const run = (who: readonly string[], args: readonly string[], input?: object): Promise<Finished> =>
  kit.kubectl([...args, ...who], input);
const annotate = (what: string, reason: string): readonly string[] => [
  'annotate',
  '--overwrite',
  what,
  `${breakGlass}=${reason}`,
];
const merge = (what: string, body: object, ...more: readonly string[]): readonly string[] => [
  'patch',
  what,
  '--type=merge',
  '-p',
  JSON.stringify(body),
  ...more,
];
const collection = (path: string): readonly string[] => [
  'delete',
  '--raw',
  `${path}?labelSelector=app.kubernetes.io/managed-by%3Dsluice`,
];

beforeAll(async () => {
  cluster = await attach();
  await cluster.apply([...crds()]);
  kit = await startAdmission(cluster, namespace, {
    log: { write: (line) => void lines.push(JSON.parse(line) as LogLine) },
  });
  await cluster.apply([...grants]);
  for (const name of ['web', 'api', 'cart', 'each'])
    for (const object of madeFor(name)) await kit.succeed(['create', ...asSluice, '-f', '-'], object);
  await kit.succeed(['create', '-f', '-'], aManifest('other-canary', 'sluice.test/app:1', {}));
});
afterAll(async () => {
  await kit.stop();
});

describe('anybody else', () => {
  type Write = readonly [what: string, args: readonly string[], input?: object];
  const [deployment, service, route] = [
    'deployment/web-canary',
    'service/web-canary',
    'virtualservice.networking.istio.io/web',
  ];
  const writes: readonly Write[] = [
    ['patch of the canary', merge(deployment, { spec: { replicas: 7 } })],
    ['a new image of the canary', ['set', 'image', deployment, 'app=sluice.test/app:9']],
    [
      'an annotation through the status of the canary',
      merge(deployment, { metadata: { annotations: { a: 'b' } } }, '--subresource=status'),
    ],
    [
      'server-side apply of the canary',
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web-canary' }, spec: { paused: true } },
    ],
    ['deletion of the canary', ['delete', deployment]],
    ['deletion of all Deployments with its label', collection(`/apis/apps/v1/namespaces/${namespace}/deployments`)],
    ['label off the Service', ['label', service, 'app.kubernetes.io/managed-by-']],
    ['replacement of the Service', ['replace', '-f', '-'], { ...madeFor('web')[1], spec: { ports: [{ port: 81 }] } }],
    ['deletion of the Service', ['delete', service]],
    ['deletion of all Services with its label', collection(`/api/v1/namespaces/${namespace}/services`)],
    ['patch of the generated route', merge(route, { spec: { http: [] } })],
    ['deletion of the generated route', ['delete', route]],
    [
      'deletion of all routes with its label',
      collection(`/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices`),
    ],
    [
      'the older version of the route',
      merge('virtualservices.v1beta1.networking.istio.io/web', { spec: { http: [] } }),
    ],
    ['the annotation without the right', annotate(deployment, 'INC-42')],
  ];
  const answers = new Map<string, Finished>();
  let before = '';
  const everything = (): Promise<string> =>
    kit.succeed([
      'get',
      'deployments,services,virtualservices.networking.istio.io',
      '-l',
      'app.kubernetes.io/managed-by=sluice',
      '-o',
      'jsonpath={range .items[*]}{.kind} {.metadata.name} {.spec}{"\\n"}{end}',
    ]);
  beforeAll(async () => {
    before = await everything();
    await Promise.all(writes.map(async ([what, args, input]) => answers.set(what, await run(bob, args, input))));
  });

  it.each(writes.map(([what]) => what))('is refused, and told whose it is and the way out: %s', (what) => {
    const { code, stderr } = answers.get(what)!;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /(Deployment|Service|VirtualService) \S+ belongs to release \S+ of Deployment \S+ and goes with it/,
    );
    expect(stderr).toMatch(/kubectl sluice abort (web|api|cart) -n admit-guards/);
    expect(stderr).toContain(
      what.includes('without the right') ? 'does not help you: it takes the verb break-glass' : 'In an emergency',
    );
  });

  it('changes nothing', async () => expect(await everything()).toBe(before));

  it('cannot scale the canary, by hand or by an autoscaler, but may scale everything else', async () => {
    const scale = (name: string): readonly string[] => ['scale', `deployment/${name}`, '--replicas=2'];
    const autoscaler = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
    for (const who of [bob, carol, ['--as', autoscaler, '--as-group', 'system:masters']]) {
      const { code, stderr } = await run(who, scale('web-canary'));
      expect([code, stderr]).toEqual([1, expect.stringContaining('its release sets its size')]);
    }
    kit.seen();
    await kit.succeed([...scale('other-canary'), ...bob]);
    expect(kit.seen()).toEqual([]);
    await kit.succeed([...scale('web-canary'), ...asSluice]);
  });

  it('may not claim what is theirs', async () => {
    const { code, stderr } = await run(bob, [
      'label',
      'deployment',
      'other-canary',
      'app.kubernetes.io/managed-by=sluice',
    ]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Give yours another value')]);
  });
});

describe('Kubernetes itself', () => {
  const as = (user: string): readonly string[] => [
    '--as',
    `system:serviceaccount:kube-system:${user}`,
    '--as-group',
    'system:masters',
  ];

  it('is not even asked about', async () => {
    kit.seen();
    const dry = '--dry-run=server';
    await kit.succeed(['delete', 'service/web-canary', dry, ...as('generic-garbage-collector')]);
    await kit.succeed(['delete', 'virtualservice/web', dry, ...as('namespace-controller')]);
    await kit.succeed(
      merge(
        'deployment/web-canary',
        { status: { collisionCount: 1 } },
        '--subresource=status',
        ...as('deployment-controller'),
      ),
    );
    expect(kit.seen()).toEqual([]);
  });
});

describe('who may break the glass', () => {
  const deployment = 'deployment/api-canary';
  const noted = (): readonly string[] => kit.journal.entries.map(({ note }) => note);

  it('still cannot do anything without saying so', async () => {
    const { code, stderr } = await run(carol, merge(deployment, { spec: { replicas: 3 } }));
    expect([code, stderr]).toEqual([1, expect.stringContaining('In an emergency')]);
    expect((await run(carol, ['delete', deployment])).stderr).toContain('on it beforehand');
  });

  it.each(['', '  '])('has to say why: %j', async (reason) => {
    const { code, stderr } = await run(carol, annotate(deployment, reason));
    expect([code, stderr]).toEqual([1, expect.stringContaining('must say why')]);
  });

  it('is recorded with name and reason, and not for a dry run', async () => {
    const dry = await run(carol, [...annotate(deployment, 'INC-41'), '--dry-run=server']);
    expect(dry.code).toBe(0);
    expect(noted()).toEqual([]);
    const { code, stderr } = await run(carol, annotate(deployment, 'INC-42'));
    expect([code, stderr]).toEqual([0, expect.stringContaining('leaves the object as it is')]);
    expect(noted()).toEqual([
      expect.stringContaining('carol: UPDATE of Deployment api-canary past its guard: INC-42.'),
    ]);
  });

  it('goes on as long as the annotation is there, while others are still refused', async () => {
    await kit.succeed([...merge(deployment, { spec: { replicas: 3 } }), ...carol]);
    const { code, stderr } = await run(bob, merge(deployment, { spec: { replicas: 4 } }));
    expect([code, stderr]).toEqual([1, expect.stringContaining('does not help you')]);
    expect((await kit.deployment('api-canary')).spec.replicas).toBe(3);
  });

  it('takes it off again, and is told what that means', async () => {
    const { code, stderr } = await run(carol, ['annotate', deployment, `${breakGlass}-`]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('looks after the object again')]);
    expect(noted().at(-1)).toContain('INC-42');
  });

  it('by way of a manifest, in one write', async () => {
    const [, service] = madeFor('api');
    const marked = { ...service, metadata: { ...service!.metadata, annotations: { [breakGlass]: 'INC-44' } } };
    const { code } = await run(carol, ['apply', '--server-side', '--force-conflicts', '-f', '-'], marked);
    expect(code).toBe(0);
    expect(noted().at(-1)).toContain('UPDATE of Service api-canary past its guard: INC-44.');
  });
});

describe('D4: a Release that is under way', () => {
  const what = 'release/web-5';
  const release = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'Release',
    metadata: { name: 'web-5', namespace },
    spec: {
      workload: { kind: 'Deployment', name: 'web', uid: '00000000-0000-0000-0000-000000000000' },
      templateHash: 'b',
      stableHash: 'a',
      policy: {},
    },
  };
  const inPhase = async (phase: string): Promise<void> => {
    await kit.succeed([...merge(what, { status: { phase } }, '--subresource=status'), ...asSluice]);
  };
  beforeAll(async () => {
    await kit.succeed(['create', ...asSluice, '-f', '-'], release);
    await inPhase('Progressing');
  });

  it('is not deleted by anybody, who is told what ends it', async () => {
    const { code, stderr } = await run([], ['delete', what]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`kubectl sluice abort web -n ${namespace}.`)]);
  });

  it('is deleted with its namespace and its workload: Kubernetes itself is not asked about', async () => {
    kit.seen();
    for (const user of ['generic-garbage-collector', 'namespace-controller'])
      await kit.succeed([
        'delete',
        what,
        '--dry-run=server',
        ...['--as', `system:serviceaccount:kube-system:${user}`, '--as-group', 'system:masters'],
      ]);
    expect(kit.seen()).toEqual([]);
  });

  it('is deleted by who breaks the glass, and once it is over', async () => {
    await kit.succeed(['annotate', what, `${breakGlass}=INC-46`]);
    const { code, stderr } = await run([], ['delete', what]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('gives its routes back')]);
    expect(kit.journal.entries.at(-1)?.note).toContain('DELETE of Release web-5 past its guard: INC-46.');
    await kit.succeed(['create', ...asSluice, '-f', '-'], release);
    await inPhase('Aborted');
    await kit.succeed(['delete', what]);
  });
});

/** Of each kind that the guards are about, one that Sluice makes: what a provider makes is here when the provider is. */
describe('every kind of object that Sluice makes', () => {
  const made = madeFor('each').map((object): readonly [kind: string, what: string] => {
    const [version = '', group] = object.apiVersion.split('/').reverse();
    const plural = routes.find(({ kind }) => kind === object.kind)?.plural ?? `${object.kind.toLowerCase()}s`;
    return [object.kind, `${group === undefined ? plural : `${plural}.${version}.${group}`}/${object.metadata.name}`];
  });
  type Asked = Finished & { readonly told: readonly string[]; readonly logged: readonly LogLine[] };
  const answers = new Map<string, readonly Asked[]>();
  const writes = (what: string): readonly (readonly [who: readonly string[], args: readonly string[]])[] => [
    [bob, ['label', what, 'a=b']],
    [bob, ['delete', what]],
    [bob, annotate(what, 'INC-45')],
    [carol, ['label', what, 'a=b']],
    [carol, ['delete', what]],
    [carol, annotate(what, 'INC-45')],
    [carol, ['label', what, 'a=b']],
    [carol, ['delete', what]],
  ];

  const saying = (one: string | LogLine): unknown => (typeof one === 'string' ? one : one.msg);
  const onlyOnce = <T extends string | LogLine>(all: readonly T[]): readonly T[] =>
    all.filter((one, i) => all.findIndex((other) => saying(other) === saying(one)) === i);

  beforeAll(async () => {
    await Promise.all(
      made.map(async ([kind, what]) => {
        const all: Asked[] = [];
        for (const [who, args] of writes(what)) {
          const [told, logged] = [kit.journal.entries.length, lines.length];
          const answer = await run(who, args);
          const about = (text: string | undefined): boolean => text?.includes(` of ${kind} `) === true;
          all.push({
            ...answer,
            // An API server that meets another write on its way begins again, and asks again.
            told: onlyOnce(kit.journal.entries.slice(told).flatMap(({ note }) => (about(note) ? [note] : []))),
            logged: onlyOnce(lines.slice(logged).filter(({ msg }) => about(msg as string | undefined))),
          });
        }
        answers.set(kind, all);
      }),
    );
  });

  it('is in the table, and may be written by Sluice', () => {
    // Companions are guarded, too, in the same entry; what they are copied from is told elsewhere.
    const own = routeKinds(usedKinds).filter(({ access }) => access.includes('own'));
    const guarded = ['Deployment', 'Service', ...own.map(({ gvk }) => gvk.kind)].sort();
    expect(made.map(([kind]) => kind).sort()).toEqual(guarded);
    expect(guarded).toEqual(expect.arrayContaining(['TrafficSplit', 'VirtualService']));
  });

  const rows = writes('').flatMap(([[, who = ''], [verb = '']], i) =>
    made.map(([kind]) => [kind, verb, who, i] as const),
  );
  it.each(rows.filter(([, , , i]) => i < 5))(
    '%s: %s by %s is refused with the reason and the way out',
    (kind, verb, who, i) => {
      const { code, stderr, told, logged } = answers.get(kind)![i]!;
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining(' belongs to release each-5 of Deployment each and goes with it'),
      ]);
      expect(stderr).toContain('kubectl sluice abort each -n ');
      const annotated = verb === 'annotate';
      expect(stderr).toContain(annotated ? 'does not help you' : 'In an emergency');
      expect(told).toEqual([]);
      expect(logged).toEqual([expect.objectContaining({ reason: 'guarded', user: who, namespace })]);
    },
  );

  it.each(rows.filter(([, , , i]) => i >= 5))(
    '%s: %s by %s passes with a reason, and is recorded',
    (kind, verb, _who, i) => {
      const { code, stderr, told, logged } = answers.get(kind)![i]!;
      const [operation, now] =
        verb === 'delete' ? ['DELETE', 'makes it anew'] : ['UPDATE', 'leaves the object as it is'];
      expect([code, stderr]).toEqual([0, expect.stringContaining(now)]);
      expect(told).toEqual([expect.stringMatching(new RegExp(`^carol: ${operation} of ${kind} .*: INC-45\\. `))]);
      expect(logged).toEqual([
        expect.objectContaining({
          reason: 'broken-glass',
          user: 'carol',
          operation,
          msg: expect.stringContaining('INC-45'),
        }),
      ]);
    },
  );

  it('is named in the event by its whole kind', () => {
    const about = kit.journal.entries.map(({ regarding, related }) => (related ?? regarding).ref.gvk);
    for (const [kind] of made) expect(about.find((gvk) => gvk.kind === kind)?.plural).toMatch(/^[a-z]+s$/);
  });
});

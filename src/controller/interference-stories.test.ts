/** Stories of releases that somebody comes in between: people past the webhook, other controllers, what is missing or taken. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { optedIn, refs, World, type WorldOptions } from '../../test/harness/world.ts';
import { app, service, virtualService } from '../../test/support/manifests.ts';
import { definitionOf } from '../memory/served-kinds.ts';
import { ClusterError } from '../ports/cluster.ts';
import { kinds } from '../schema/kinds.ts';
import { isA } from '../values/kube-object.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const over = (): Promise<void> =>
  world.until('the end', (w) => w.release()?.over === true && w.remains().length === 0 && w.rolledOut());
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);
const promoting = (): Promise<void> => world.until('the promotion', (w) => w.release()?.phase === 'Promoting');
const says = (words: string): Promise<void> =>
  world.until(`"${words}"`, (w) => w.release()?.message.includes(words) === true);
const phases = (): readonly string[] => world.releases().map(({ phase }) => phase);
const lost = (): readonly string[] => world.requests.losses;

/** Past the webhook. */
const unseen = async (what: () => unknown): Promise<void> => {
  world.webhook('away');
  what();
  world.webhook('there');
  await world.settle();
};

describe('a route that somebody writes', () => {
  it('keeps its split when the webhook is there', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(2);
    world.apply(virtualService());
    expect(world.requests.share()).toBe(50);
    await over();
    expect([phases(), lost()]).toEqual([['Succeeded'], []]);
  });

  it('gets its split back when nobody was asked', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(2);
    await world.pass(3000);
    const route = { ...(virtualService() as { spec: object }) };
    await unseen(() =>
      world.server.replace({ ...world.get(refs.route)!, spec: route.spec as Record<string, never> }, refs.route.gvk, {
        user: 'root',
      }),
    );
    await world.pass(1000);
    expect(world.requests.share()).toBe(50);
    await over();
    expect([phases(), lost()]).toEqual([['Succeeded'], []]);
  });

  it('is done without when it is deleted: Sluice makes one of its own', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.route);
    await world.pass(5000);
    expect(world.requests.share()).toBe(20);
    await over();
    expect([phases(), lost()]).toEqual([['Succeeded'], []]);
  });

  it('is waited for while its kind is not installed', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.remove({ gvk: kinds.crd, name: 'virtualservices.networking.istio.io' });
    await says('no request can be routed to the canary');
    await world.pass(100_000);
    expect(phases()).toEqual(['Progressing']);
    world.server.create(definitionOf(refs.route.gvk), kinds.crd, { user: 'root' });
    world.apply(virtualService());
    await over();
    expect(phases()).toEqual(['Succeeded']);
  });

  it.each([
    ['at a step can be aborted', (): Promise<void> => atStep(1), (): void => world.ask('abort'), 'Aborted'],
    ['after the last is promoted all the same', (): Promise<void> => promoting(), (): void => undefined, 'Succeeded'],
  ] as const)('whose kind is taken away %s', async (_when, moment, act, end) => {
    await begin();
    world.kubernetes.pods.fate(() => 3000);
    world.applyVersion('v2');
    await moment();
    world.remove({ gvk: kinds.crd, name: 'virtualservices.networking.istio.io' });
    await world.settle();
    act();
    await over();
    expect(phases()).toEqual([end]);
  });
});

describe('while the webhook is away', () => {
  it('a template that is applied rolls natively, and is recorded', async () => {
    await begin();
    await unseen(() => world.applyVersion('v2'));
    await over();
    expect([phases(), world.serving()]).toEqual([['Bypassed'], { 'web v2': 4 }]);
  });

  it('a workload that is unpaused rolls, and its release is bypassed', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    await unseen(() => world.patch(refs.web, { spec: { paused: null } }));
    await over();
    expect([phases(), world.serving(), lost()]).toEqual([['Bypassed'], { 'web v2': 4 }, []]);
  });

  it('a failed template that is unpaused rolls, and is recorded', async () => {
    await begin();
    world.metrics.say('fail');
    world.applyVersion('v2');
    await world.until('the failure', (w) => w.release()?.phase === 'Failed' && w.rolloutProblem() !== undefined);
    await unseen(() => world.patch(refs.web, { spec: { paused: null } }));
    await over();
    expect([phases(), world.serving()]).toEqual([['Failed', 'Bypassed'], { 'web v2': 4 }]);
  });

  it('a canary that is changed by hand is judged no more', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    await unseen(() =>
      world.patch(refs.canary, { spec: { template: { metadata: { annotations: { edited: 'yes' } } } } }),
    );
    await world.until('the failure', (w) => w.release()?.phase === 'Failed');
    expect(world.release()?.reason).toBe('CanaryEdited');
  });

  it('what is taken over by hand is left alone until it is given back', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    const breakGlass = (reason: string | null) => ({ metadata: { annotations: { 'sluice.dev/break-glass': reason } } });
    await unseen(() => world.patch(refs.canary, breakGlass('INC-42')));
    await world.pass(120_000);
    expect(world.release()).toMatchObject({
      phase: 'Progressing',
      step: 1,
      message: expect.stringContaining('INC-42') as unknown,
    });
    world.ask('abort');
    await world.pass(60_000);
    expect([world.release()?.phase, world.get(refs.canary)?.metadata.name]).toEqual(['Withdrawing', 'web-canary']);
    await unseen(() => world.patch(refs.canary, breakGlass(null)));
    await over();
    expect([phases(), lost()]).toEqual([['Aborted'], []]);
  });
});

describe('a canary Deployment that is deleted by hand', () => {
  /** What the route says whenever a release is over, or says that it is promoted. */
  const ends = (): string[] => {
    const seen: string[] = [];
    world.server.subscribe(({ object }) => {
      if (!isA(object, kinds.release)) return;
      const { completedAt, message = '', phase = '' } = object.status ?? {};
      if (completedAt !== undefined || message.startsWith('promoted'))
        seen.push(`${phase}, share ${world.requests.share() ?? 'of nobody'}`);
    });
    return seen;
  };

  it.each([
    ['at a step, and is promoted by a person', (w: World) => w.ask('promote'), 'Succeeded'],
    ['at a step, and is aborted', (w: World) => w.ask('abort'), 'Aborted'],
    ['at a step, and the version before comes back', (w: World) => w.applyVersion('v1'), 'Aborted'],
  ])('D9: %s: the split is out of the route before it is over', async (_name, end, phase) => {
    await begin();
    const route = world.get(refs.route)?.spec;
    world.applyVersion('v2');
    await atStep(1);
    const seen = ends();
    await unseen(() => world.remove(refs.canary));
    end(world);
    await over();
    expect([phases(), world.get(refs.route)?.spec]).toEqual([[phase], route]);
    expect(new Set(seen)).toEqual(new Set([`${phase}, share of nobody`]));
  });

  it('D9: during the promotion, with slow pods: the split is out of the route before it is over', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(2);
    world.kubernetes.pods.fate(() => 20_000);
    await promoting();
    const seen = ends();
    await unseen(() => world.remove(refs.canary));
    await over();
    expect(phases()).toEqual(['Succeeded']);
    expect(new Set(seen)).toEqual(new Set(['Succeeded, share of nobody']));
  });
});

describe('a promotion', () => {
  it('that a person pauses goes on when the person resumes it', async () => {
    await begin();
    world.kubernetes.pods.fate(() => 3000);
    world.applyVersion('v2');
    await world.until(
      'the roll',
      (w) => w.release()?.phase === 'Promoting' && w.get(refs.web)?.spec.paused === undefined,
    );
    world.patch(refs.web, { spec: { paused: true } });
    await says('paused by a person');
    await world.pass(600_000);
    expect(phases()).toEqual(['Promoting']);
    world.patch(refs.web, { spec: { paused: null } });
    await over();
    expect([phases(), lost()]).toEqual([['Succeeded'], []]);
  });

  it('that makes no progress says so, and the canary keeps its share', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(2);
    world.kubernetes.pods.fate(() => 'never');
    await world.until('the deadline of the roll', (w) => w.release()?.message.includes('stuck') === true, 1_200_000);
    expect(world.requests.share()).toBe(50);
    world.kubernetes.pods.fate(() => 0);
    await over();
    expect([phases(), lost()]).toEqual([['Succeeded'], []]);
  });
});

describe('a way without a canary', () => {
  it('back to a template that is known to be good is taken at once, and recorded', async () => {
    await begin();
    world.applyVersion('v2');
    await over();
    world.applyVersion('v1');
    await over();
    expect([phases(), world.release()?.reason, world.serving()]).toEqual([
      ['Succeeded', 'Skipped'],
      'RolledBack',
      { 'web v1': 4 },
    ]);
  });

  it('is that of a restart where the policy says so', async () => {
    await begin({ policy: { restart: 'native' } });
    const restarted = { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' };
    world.patch(refs.web, { spec: { template: { metadata: { annotations: restarted } } } });
    await over();
    expect([phases(), world.release()?.reason]).toEqual([['Skipped'], 'Restarted']);
  });

  it('is left to a person who has paused the workload', async () => {
    await begin();
    world.patch(refs.web, { spec: { paused: true } });
    world.applyVersion('v2');
    await world.pass(60_000);
    expect([phases(), world.serving()]).toEqual([[], { 'web v1': 4 }]);
    world.patch(refs.web, { spec: { paused: null } });
    await over();
    expect([phases(), world.serving()]).toEqual([['Succeeded'], { 'web v2': 4 }]);
  });
});

describe('a release that cannot start', () => {
  it('says which Service is missing, and starts when it is there', async () => {
    await begin();
    world.remove(refs.service);
    world.applyVersion('v2');
    await says('cannot start: ');
    expect(world.release()?.message).toContain('no Service selects the pods');
    world.apply(service());
    await over();
    expect(phases()).toEqual(['Succeeded']);
  });

  it('fails when it is kept from it for too long', async () => {
    await begin();
    world.remove(refs.service);
    world.applyVersion('v2');
    await world.until('the failure', (w) => w.release()?.phase === 'Failed');
    expect(world.release()?.reason).toBe('CannotStart');
  });

  it('says whose the name of the canary is, and never touches it', async () => {
    await begin();
    const taken = world.asRoot().create(app({ name: 'web-canary', version: 'v9', replicas: 1 }));
    world.applyVersion('v2');
    await says('a Deployment that is not Sluice');
    expect(world.get(refs.canary)?.metadata.uid).toBe(taken.metadata.uid);
    world.remove(refs.canary);
    await over();
    expect([phases(), lost()]).toEqual([['Succeeded'], []]);
  });

  it('waits for that of another workload behind the same Service', async () => {
    await begin();
    const other = (version: string): object => {
      const made = app({ name: 'shop', version, replicas: 2, annotations: optedIn }) as {
        spec: { template: { metadata: object }; selector: object };
      };
      const labels = { app: 'web', part: 'shop' };
      const template = { ...made.spec.template, metadata: { labels } };
      return { ...made, spec: { ...made.spec, selector: { matchLabels: labels }, template } };
    };
    world.apply(other('v1'));
    await world.settle();
    world.applyVersion('v2');
    await atStep(1);
    world.apply(other('v2'));
    await says('stands behind the same Service');
    await world.until('both to be over', (w) => w.releases().every((one) => one.over));
    expect([phases(), lost()]).toEqual([['Succeeded', 'Succeeded'], []]);
  });

  it('F11: waits while its policy is gone, and somebody is told', async () => {
    await begin();
    world.kill();
    world.applyVersion('v2');
    const policy = world.get(refs.policy)!;
    world.remove(refs.policy);
    world.start();
    await world.until('the event', (w) => w.told().includes('PolicyMissing'));
    expect(phases()).toEqual(['Pending']);
    world.apply({ ...policy, metadata: { name: 'story' } });
    await over();
    expect(phases()).toEqual(['Succeeded']);
  });

  it('says so when a Release of somebody else has its name', async () => {
    await begin();
    world.kill();
    world.applyVersion('v2');
    const name = world.get(refs.web)?.metadata.annotations?.['sluice.dev/release'] ?? '';
    await unseen(() => {
      const spec = {
        workload: { kind: 'Deployment', name: 'web', uid: 'another' },
        templateHash: 'x',
        stableHash: 'y',
        policy: {},
      };
      world.asRoot().create({ apiVersion: 'sluice.dev/v1alpha1', kind: 'Release', metadata: { name }, spec });
    });
    world.start();
    await world.until('the event', (w) => w.told().includes('ForeignRelease'));
    world.remove({ gvk: kinds.release, namespace: 'shop', name });
    await over();
    expect([phases(), world.serving()]).toEqual([['Succeeded'], { 'web v2': 4 }]);
  });
});

describe('a write that is refused', () => {
  const refuseCanary = (error: ClusterError): void =>
    world.otherAdmission(({ ref, operation }) =>
      ref.name === 'web-canary' && ref.gvk.kind === 'Deployment' && operation === 'CREATE' ? error : undefined,
    );

  it.each([
    ['by a policy', new ClusterError('forbidden', 'denied by policy "signed-images"')],
    ['because a webhook does not answer', new ClusterError('server', 'failed calling webhook "images.example.com"')],
  ])('%s is told where the release is read, and tried again', async (_who, error) => {
    await begin();
    refuseCanary(error);
    world.applyVersion('v2');
    await says(error.message);
    expect(world.told()).toContain('WriteRefused');
    await world.pass(20_000);
    expect(world.told().filter((reason) => reason === 'WriteRefused')).toHaveLength(2);
    world.otherAdmission(() => undefined);
    await over();
    expect([phases(), world.release()?.message.includes('refused')]).toEqual([['Succeeded'], false]);
  });

  it('for good has the release fail at the deadline, with the words', async () => {
    await begin();
    refuseCanary(new ClusterError('forbidden', 'denied by policy "signed-images"'));
    world.applyVersion('v2');
    await world.until('the failure', (w) => w.release()?.phase === 'Failed');
    expect(world.release()).toMatchObject({
      reason: 'CanaryNotReady',
      message: expect.stringContaining('signed-images') as unknown,
    });
  });

  it('that puts the template back has its reason told while nobody is on the canary', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    const [set] = world.server.list(kinds.replicaSet);
    world.kubernetes.deployments.pause();
    world.server.patch(
      { gvk: kinds.replicaSet, namespace: 'shop', name: set?.metadata.name ?? '' },
      { type: 'merge', body: { metadata: { ownerReferences: [] } } },
      {},
      { user: 'root' },
    );
    world.ask('abort');
    await says('no ReplicaSet of web has the stable template');
    expect([world.requests.share(), world.release()?.phase]).toEqual([undefined, 'Withdrawing']);
    world.kubernetes.deployments.resume();
    await over();
    expect(phases()).toEqual(['Aborted']);
  });

  it('because an admission controller changes the canary is none, but it is told', async () => {
    await begin();
    const admission = world.server.admission;
    world.server.admission = (review) => {
      const object = admission?.(review) ?? review.object;
      if (
        review.ref.name !== 'web-canary' ||
        review.ref.gvk.kind !== 'Deployment' ||
        review.operation !== 'CREATE' ||
        object === undefined
      )
        return object;
      const template = object.spec?.['template'] as { spec: object };
      return {
        ...object,
        spec: { ...object.spec, template: { ...template, spec: { ...template.spec, hostNetwork: true } } },
      };
    };
    world.applyVersion('v2');
    await atStep(1);
    expect(world.told()).toContain('CanaryDiffers');
    await over();
    expect(phases()).toEqual(['Succeeded']);
  });
});

describe('a workload', () => {
  it('that is deleted and made again in the middle begins anew', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.web);
    await world.settle();
    world.applyVersion('v3');
    await world.until('the roll', (w) => w.rolledOut() && w.remains().length === 0);
    expect([phases(), world.serving()]).toEqual([[], { 'web v3': 4 }]);
  });

  it('that is made again before its Release is collected waits for that', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.kubernetes.garbage.pause();
    world.remove(refs.web);
    world.applyVersion('v1');
    await world.until('the first roll', (w) => w.rolledOut());
    world.applyVersion('v3');
    await world.pass(60_000);
    expect(world.releases().map(({ templateHash }) => templateHash === world.templateHash())).toEqual([false]);
    world.kubernetes.garbage.resume();
    await over();
    expect([phases(), world.serving()]).toEqual([['Succeeded'], { 'web v3': 4 }]);
  });

  it('whose Service is deleted in the middle gets its route back all the same', async () => {
    await begin();
    const route = world.get(refs.route)?.spec;
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.service);
    await world.settle();
    world.ask('abort');
    await over();
    expect([phases(), world.get(refs.route)?.spec]).toEqual([['Aborted'], route]);
  });

  it('that is deleted while nobody looks leaves no split behind', async () => {
    await begin();
    const route = world.get(refs.route)?.spec;
    world.applyVersion('v2');
    await atStep(1);
    world.kill();
    world.remove(refs.web);
    await world.settle();
    expect(world.requests.share()).toBe(20);
    world.start();
    await world.until('nothing to be left', (w) => w.remains().length === 0);
    expect(world.get(refs.route)?.spec).toEqual(route);
  });

  it('that is deleted on its own takes its release with it in the end', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.web, { propagation: 'Orphan' });
    await world.until('the release to go', (w) => w.releases().length === 0 && w.remains().length === 0);
    // They belong to nobody now.
    expect([world.serving(), lost()]).toEqual([{ ' v1': 4 }, []]);
  });

  it('that waits for what it owns before it goes is looked after no more', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.remove(refs.web, { propagation: 'Foreground' });
    await world.until('nothing to be left', (w) => w.remains().length === 0 && w.pods().length === 0);
    expect(phases()).toEqual([]);
  });

  it('whose garbage is collected late leaves no split behind', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.kubernetes.garbage.lag(30_000);
    world.remove(refs.web);
    await world.until('nothing to be left', (w) => w.remains().length === 0 && w.releases().length === 0);
    expect(world.requests.share()).toBeUndefined();
  });

  it('goes with its namespace', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.remove({ gvk: kinds.namespace, name: 'shop' });
    await world.pass(60_000);
    expect([world.server.list(kinds.deployment), world.releases()]).toEqual([[], []]);
  });
});

describe('a request', () => {
  it('that comes too late is answered all the same', async () => {
    await begin();
    world.applyVersion('v2');
    await over();
    world.ask('abort');
    await world.settle();
    expect(world.release()?.answer).toBe('refused: the release is already Succeeded');
  });

  it('that cannot be read is none', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    const at = { gvk: kinds.release, namespace: 'shop', name: world.release()?.name ?? '' };
    for (const text of ['{', '{"id":"1"}', '{"id":"1","verb":"dance"}'])
      await unseen(() => world.patch(at, { metadata: { annotations: { 'sluice.dev/request': text } } }));
    await over();
    expect([phases(), world.release()?.answer]).toEqual([['Succeeded'], undefined]);
  });
});

it('the provider is found where the policy leaves it open', async () => {
  await begin({ policy: { provider: 'auto' } });
  world.applyVersion('v2');
  await atStep(1);
  expect(world.requests.share()).toBe(20);
  await over();
  expect([phases(), lost()]).toEqual([['Succeeded'], []]);
});

it('a Release that is deleted in the middle, past the webhook, is made again, and goes on from the start', async () => {
  await begin();
  world.applyVersion('v2');
  await atStep(2);
  world.webhook('away');
  world.remove({ gvk: kinds.release, namespace: 'shop', name: world.release()?.name ?? '' });
  world.webhook('there');
  await over();
  expect([phases(), world.serving()]).toEqual([['Succeeded'], { 'web v2': 4 }]);
});

it('a controller whose watches are behind ends as it should, and loses nothing', async () => {
  await begin();
  const { cluster } = world.instance;
  cluster.hold();
  const catchUp = (): void => {
    cluster.deliver(1);
    world.clock.after(500, catchUp);
  };
  catchUp();
  world.applyVersion('v2');
  await over();
  expect([phases(), lost()]).toEqual([['Succeeded'], []]);
});

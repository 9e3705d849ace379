/** Stories of what goes on behind the apex while a release is under way: both arms are looked at, always. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { kinds } from '../schema/kinds.ts';
import { app, service } from '../../test/support/manifests.ts';
import { namespace, optedIn, propagation, refs, World, type WorldOptions } from '../../test/harness/world.ts';
import type { Deployment, KubeObject } from '../values/kube-object.ts';

let world: World;

afterEach(() => expect(world.bugs).toEqual([]));

const begin = async (options: WorldOptions = {}): Promise<void> => {
  world = await World.begin(options);
};
const atStep = (step: number): Promise<void> =>
  world.until(`step ${step}`, (w) => w.release()?.phase === 'Progressing' && w.release()?.step === step);
const share = (wanted: number | undefined): Promise<void> =>
  world.until(`a share of ${wanted ?? 'nobody'}`, (w) => w.requests.share() === wanted);
const over = (): Promise<void> => world.until('the end', (w) => w.release()?.over === true && w.rolledOut());
const status = () => world.server.list(kinds.release, namespace).at(-1)?.status;
const isStable = ({ metadata }: KubeObject): boolean => /^web-[a-z0-9]+-[a-z0-9]{5}$/.test(metadata.name);
const stableFails = (): void => {
  world.kubernetes.pods.fate((pod) => (isStable(pod) ? 'never' : 0));
  world.kubernetes.pods.makeUnready(isStable, 'CreateContainerConfigError');
};
const stableRecovers = (): void => {
  world.kubernetes.pods.fate(() => 0);
  world.kubernetes.pods.makeReady(isStable);
};
const canarySize = (): number | undefined => world.get(refs.canary)?.spec.replicas;

describe('stable loses all of its pods in the middle', () => {
  it('F4: stable has no ready pod, so the canary takes everything, sized for it, and it is said', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    stableFails();
    await share(100);
    await world.settle();
    expect(status()?.waiting).toMatchObject({
      reason: 'StableUnavailable',
      message: expect.stringContaining('stable has 0 of 4 ready pods') as unknown,
    });
    expect([canarySize(), status()?.weight]).toEqual([4, 100]);
    expect(world.told()).toContain('StableUnavailable');
  });

  it('F4: time without stable counts for nothing; its split comes back once it has answered for a while', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    stableFails();
    await share(100);
    await world.pass(300_000);
    expect([world.release()?.phase, world.release()?.step]).toEqual(['Progressing', 1]);
    stableRecovers();
    const back = world.clock.now();
    await share(20);
    expect(world.clock.now() - back).toBeGreaterThanOrEqual(propagation);
    expect(world.told()).toContain('StableBack');
    const again = world.clock.now();
    await atStep(2);
    expect(world.clock.now() - again).toBeGreaterThanOrEqual(10_000);
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
  });

  it.each([
    ['an abort', (w: World) => w.ask('abort'), 'Aborted'],
    ['the template of before', (w: World) => w.applyVersion('v1'), 'Aborted'],
    ['opting out', (w: World) => w.applyVersion('v2', {}), 'Aborted'],
  ])('F4: %s takes the canary away only when stable answers', async (_name, end, phase) => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    stableFails();
    await share(100);
    end(world);
    await world.pass(400_000);
    expect([world.requests.share(), canarySize()]).toEqual([100, 4]);
    stableRecovers();
    await over();
    expect(world.release()).toMatchObject({ phase });
    await world.until('nothing to be left', (w) => w.remains().length === 0);
  });

  it('F4: a canary that fails its checks keeps serving while nobody else does', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.metrics.say('fail');
    await world.until('failing', (w) => w.release()?.phase === 'Failing');
    stableFails();
    await share(100);
    expect(status()?.waiting?.message).toContain('keeps all of the traffic');
    stableRecovers();
    await world.until('the end', (w) => w.release()?.phase === 'Failed');
    expect(world.serving()).toEqual({ 'web v1': 4 });
  });

  it('F4: a fix that is applied meanwhile rolls natively, and the canary serves until it is there', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    stableFails();
    await share(100);
    world.applyVersion('v3');
    await world.pass(30_000);
    expect(world.requests.share()).toBe(100);
    stableRecovers();
    await over();
    await world.until('nothing to be left', (w) => w.remains().length === 0);
    expect(world.serving()).toEqual({ 'web v3': 4 });
  });

  it('F4: promoted by hand, the canary serves until the new pods do', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    stableFails();
    await share(100);
    world.ask('promote');
    await world.pass(10_000);
    expect(world.requests.share()).toBe(100);
    stableRecovers();
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
  });
});

describe('a strategy under which stable goes as a whole', () => {
  it.each([
    ['one replica without a surge', 1, { maxSurge: 0, maxUnavailable: 1 }],
    ['100 % unavailable', 4, { maxSurge: 0, maxUnavailable: '100%' }],
  ])('D5: %s: the canary takes everything before the promotion', async (_name, replicas, rollingUpdate) => {
    await begin({ replicas });
    world.patch(refs.web, { spec: { strategy: { type: 'RollingUpdate', rollingUpdate } } });
    world.kubernetes.pods.fate(() => 5000);
    const made = app({ version: 'v2', replicas, annotations: optedIn }) as Deployment;
    world.apply({ ...made, spec: { ...made.spec, strategy: { type: 'RollingUpdate', rollingUpdate } } });
    await world.until('the promotion', (w) => w.get(refs.web)?.spec.paused === undefined && w.release()?.step === 2);
    expect([world.requests.share(), canarySize()]).toEqual([100, replicas]);
    await over();
    expect([world.release()?.phase, world.requests.losses]).toEqual(['Succeeded', []]);
  });
});

const track = (color: string): object => ({
  ...service(),
  spec: { selector: { app: 'web', track: color }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});
const tracked = (version: string, color: string): Deployment => {
  const made = app({ version, replicas: 4, annotations: optedIn }) as Deployment;
  const { template } = made.spec;
  const labels = { app: 'web', track: color };
  return { ...made, spec: { ...made.spec, template: { ...template, metadata: { ...template.metadata, labels } } } };
};

describe('the apex is moved together with the template', () => {
  const blue = async (options: WorldOptions = {}): Promise<void> => {
    await begin(options);
    world.applyVersion('v1', { 'sluice.dev/canary': 'disabled' });
    world.apply({ ...tracked('v1', 'blue'), metadata: { name: 'web', annotations: {} } });
    await world.until('blue', (w) => w.rolledOut());
    world.apply(track('blue'));
    world.apply(tracked('v1', 'blue'));
    await world.settle();
  };

  it.each([
    ['Service first', [track('green'), tracked('v2', 'green')]],
    ['Deployment first', [tracked('v2', 'green'), track('green')]],
  ])('F1: pod label and Service selector change in one commit (%s)', async (_name, objects) => {
    await blue();
    objects.forEach((one) => world.apply(one));
    await share(100);
    await world.settle();
    expect(status()).toMatchObject({ weight: 100, waiting: { reason: 'StableUnavailable' } });
    expect(canarySize()).toBe(4);
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
    expect(world.serving()).toEqual({ 'web v2': 4 });
    await world.until('nothing to be left', (w) => w.remains().length === 0);
  });

  it.each<NonNullable<WorldOptions['splitting']>>(['adopted', 'generated', 'replicas'])(
    'F1: with the Deployment first, the canary is ready when the Service follows, and serves at once (%s)',
    async (splitting) => {
      await blue({ splitting });
      world.apply(tracked('v2', 'green'));
      await world.pass(2 * propagation);
      expect(world.release()).toMatchObject({
        phase: 'Preparing',
        message: expect.stringContaining('selects app=web,track=blue, which the pods do not carry') as unknown,
      });
      expect([world.get(refs.canary)?.status?.readyReplicas, world.requests.share()]).toEqual([1, undefined]);
      const before = world.clock.now();
      world.apply(track('green'));
      await world.until('the canary to stand in', () => status()?.standIn !== undefined);
      expect(world.requests.share()).toBe(splitting === 'replicas' ? undefined : 100);
      expect(world.clock.now() - before).toBeLessThan(propagation);
      await over();
      expect(world.release()).toMatchObject({ phase: 'Succeeded' });
      await world.until('nothing to be left', (w) => w.remains().length === 0);
    },
  );

  it.each<NonNullable<WorldOptions['splitting']>>(['adopted', 'replicas'])(
    'F1: a Service that never follows fails the release, and stable serves all the time (%s)',
    async (splitting) => {
      await blue({ splitting });
      world.apply(tracked('v2', 'green'));
      await world.until('the end', (w) => w.release()?.over === true);
      expect(status()).toMatchObject({ phase: 'Failed', ending: { reason: 'CannotStart' } });
      await world.settle();
      expect([canarySize(), world.get(refs.canaryService)]).toEqual([undefined, undefined]);
      expect([world.serving(), world.requests.losses]).toEqual([{ 'web v1': 4 }, []]);
    },
  );

  it('F1: the Service put back in the middle brings the split of the step back', async () => {
    await blue();
    world.apply(tracked('v2', 'green'));
    world.apply(track('green'));
    await share(100);
    await atStep(1);
    world.apply({ ...service() });
    await share(20);
    expect(status()?.standIn).toBeUndefined();
  });

  it('F1: aborted, the canary serves until the Service leads to stable again', async () => {
    await blue();
    world.apply(track('green'));
    world.apply(tracked('v2', 'green'));
    await atStep(1);
    world.ask('abort');
    await world.pass(200_000);
    expect([world.requests.share(), world.get(refs.web)?.spec.paused]).toEqual([100, undefined]);
    world.apply(track('blue'));
    await over();
    expect(world.release()).toMatchObject({ phase: 'Aborted' });
    await world.until('nothing to be left', (w) => w.remains().length === 0);
  });
});

const ported = (port: number): object => ({
  ...service(),
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: port }] },
});
const listening = (version: string, port: number): Deployment => {
  const made = app({ version, replicas: 4, annotations: optedIn }) as Deployment;
  return JSON.parse(JSON.stringify(made).replaceAll('8080', String(port))) as Deployment;
};

describe('the port is moved together with the template', () => {
  it.each([
    ['Service first', [ported(9090), listening('v2', 9090)]],
    ['Deployment first', [listening('v2', 9090), ported(9090)]],
  ])('F2: the port moves in Deployment and Service together (%s)', async (_name, objects) => {
    await begin();
    objects.forEach((one) => world.apply(one));
    await share(100);
    await world.settle();
    expect(status()?.waiting?.message).toContain('sends to port 9090, and the pods declare 8080');
    expect(world.get(refs.canaryService)?.spec.ports).toMatchObject([{ targetPort: 9090 }]);
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
  });

  const misled = 'Service.spec.ports: Service web sends to port 8080, and the pods declare 9090';

  it('F2: a template whose port the Service does not lead to has its canary made ready, and waits for the Service', async () => {
    await begin();
    world.apply(listening('v2', 9090));
    await world.pass(5000);
    expect(world.release()).toMatchObject({
      phase: 'Preparing',
      message: expect.stringContaining(misled) as unknown,
    });
    expect([canarySize(), world.requests.share(), world.requests.losses]).toEqual([1, undefined, []]);
    expect(world.told()).toContain('CannotStart');
  });

  it('F2: a Service that never fits fails the release, and stable serves all the time', async () => {
    await begin();
    world.apply(listening('v2', 9090));
    await world.until('the end', (w) => w.release()?.over === true);
    expect(world.release()).toMatchObject({
      phase: 'Failed',
      message: expect.stringContaining(misled) as unknown,
    });
    await world.settle();
    expect([canarySize(), world.get(refs.canaryService)]).toEqual([undefined, undefined]);
    expect([world.serving(), world.requests.losses]).toEqual([{ 'web v1': 4 }, []]);
  });

  it('F2: without a mesh no pod is put behind a Service that leads to another port', async () => {
    await begin({ splitting: 'replicas' });
    world.apply(listening('v2', 9090));
    await world.pass(5000);
    expect(world.release()).toMatchObject({
      phase: 'Pending',
      message: expect.stringContaining(misled) as unknown,
    });
    expect(canarySize()).toBeUndefined();
  });

  it.each([
    ['Service first', [ported(9090), listening('v2', 9090)]],
    ['Deployment first', [listening('v2', 9090), ported(9090)]],
  ])('F2: without a mesh the moved port rolls natively, at once, and it is said why (%s)', async (_name, objects) => {
    await begin({ splitting: 'replicas' });
    const before = world.clock.now();
    objects.forEach((one) => world.apply(one));
    await over();
    expect(world.clock.now() - before).toBeLessThan(5000);
    expect(world.release()).toMatchObject({
      phase: 'Skipped',
      reason: 'PortMoved',
      message: expect.stringContaining('sends to port 9090, and the pods declare 8080: without a route') as unknown,
    });
    expect([canarySize(), world.serving()]).toEqual([undefined, { 'web v2': 4 }]);
  });

  it('F2: without a mesh the next release is one again', async () => {
    await begin({ splitting: 'replicas' });
    [ported(9090), listening('v2', 9090)].forEach((one) => world.apply(one));
    await over();
    world.apply(listening('v3', 9090));
    await atStep(1);
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
  });

  it('F2: a canary that listens elsewhere does not stand in, and makes way for the one that does', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    const before = world.clock.now();
    [ported(9090), listening('v3', 9090)].forEach((one) => world.apply(one));
    await world.until('the next to stand in', () => status()?.standIn !== undefined);
    expect(world.clock.now() - before).toBeLessThan(2 * propagation);
    await over();
    expect(world.release()).toMatchObject({ phase: 'Succeeded' });
  });

  it('F2: without a mesh the moved port does not wait for a canary that is on its way out', async () => {
    await begin({ splitting: 'replicas' });
    world.applyVersion('v2');
    await atStep(1);
    const before = world.clock.now();
    [ported(9090), listening('v3', 9090)].forEach((one) => world.apply(one));
    await world.until('the roll', (w) => w.serving()['web v3'] === 4);
    expect(world.clock.now() - before).toBeLessThan(propagation);
    await over();
    expect(world.releases().map(({ phase }) => phase)).toEqual(['Superseded', 'Skipped']);
    await world.until('nothing to be left', (w) => w.remains().length === 0);
  });

  it('F2: the canary follows every port of the apex as long as it lives', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    const ports = [
      { name: 'http', port: 8000, targetPort: 8080, appProtocol: 'http' },
      { name: 'grpc', port: 9000, targetPort: 8080, protocol: 'TCP' },
    ];
    world.patch(refs.service, { spec: { ports, sessionAffinity: 'ClientIP' } });
    await world.settle();
    expect(world.get(refs.canaryService)?.spec).toMatchObject({ ports, sessionAffinity: 'ClientIP' });
  });

  it('F2: a canary Service that a person has taken over stays as it is', async () => {
    await begin();
    world.applyVersion('v2');
    await atStep(1);
    world.webhook('away');
    world.patch(refs.canaryService, { metadata: { annotations: { 'sluice.dev/break-glass': 'INC-1' } } });
    world.webhook('there');
    world.patch(refs.service, { spec: { ports: [{ name: 'http', port: 81, targetPort: 8080 }] } });
    await world.settle();
    expect(world.get(refs.canaryService)?.spec.ports).toMatchObject([{ port: 80 }]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { alice } from '../../test/support/admission-input.ts';
import { asObject } from '../../test/support/an-admission-request.ts';
import type { AdmissionRequest } from '../core/admission/admission-request.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { decodeReview } from './decode-review.ts';

const deployment = asObject({ annotations: { a: 'b' } }) as unknown as JsonObject;
const kindOf = (group: string, kind: string): JsonObject => ({ group, version: 'v1', kind });
const decode = (more: JsonObject): ReturnType<typeof decodeReview> =>
  decodeReview({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '1',
      kind: kindOf('apps', 'Deployment'),
      operation: 'CREATE',
      userInfo: { username: alice },
      object: deployment,
      ...more,
    },
  });
const complaint = (more: JsonObject): string | undefined => {
  const decoded = decode(more);
  return decoded.ok ? undefined : decoded.reason;
};
const taken = (more: JsonObject): AdmissionRequest => {
  const decoded = decode(more);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.request;
};
const nested = (levels: number): JsonObject | string => (levels === 0 ? 'x' : { a: nested(levels - 1) });
const withSpec = (spec: JsonObject): JsonObject => ({ object: { ...deployment, spec } });
const withTemplate = (template: JsonObject): JsonObject => withSpec({ template });

describe('a Deployment whose shape is wrong is refused with the path of what is wrong', () => {
  const at = 'request.object.spec';
  it.each<[string, JsonObject, string]>([
    ['no spec', { object: { ...deployment, spec: null } }, `${at}: must be an object, is null`],
    ['no template', withSpec({}), `${at}.template: must be an object, is missing`],
    ['a template that is a text', withSpec({ template: 'x' }), `${at}.template: must be an object, is a text`],
    [
      'replicas that are a text',
      withSpec({ template: {}, replicas: '3' }),
      `${at}.replicas: must be a whole number, is a text`,
    ],
    [
      'half a replica',
      withSpec({ template: {}, replicas: 1.5 }),
      `${at}.replicas: must be a whole number, is another number`,
    ],
    [
      'a pause that is a text',
      withSpec({ template: {}, paused: 'true' }),
      `${at}.paused: must be true or false, is a text`,
    ],
    [
      'a strategy that is a list',
      withSpec({ template: {}, strategy: [] }),
      `${at}.strategy: must be an object, is a list`,
    ],
    [
      'annotations of the template that are a text',
      withTemplate({ metadata: { annotations: 'x' } }),
      `${at}.template.metadata.annotations: must be a map of texts, is a text`,
    ],
    [
      'a label of the template that is null',
      withTemplate({ metadata: { labels: { app: null } } }),
      `${at}.template.metadata.labels["app"]: must be a text, is null`,
    ],
    [
      'containers that are an object',
      withTemplate({ spec: { containers: {} } }),
      `${at}.template.spec.containers: must be a list, is an object`,
    ],
    [
      'a container that is true',
      withTemplate({ spec: { containers: [{ name: 'a' }, true] } }),
      `${at}.template.spec.containers[1]: must be an object, is true`,
    ],
    [
      'an image that is a number',
      withTemplate({ spec: { initContainers: [{ image: 1 }] } }),
      `${at}.template.spec.initContainers[0].image: must be a text, is a number`,
    ],
    [
      'a variable without an object',
      withTemplate({ spec: { containers: [{ env: ['A=b'] }] } }),
      `${at}.template.spec.containers[0].env[0]: must be an object, is a text`,
    ],
    [
      'a volume that is a text',
      withTemplate({ spec: { volumes: ['x'] } }),
      `${at}.template.spec.volumes[0]: must be an object, is a text`,
    ],
    [
      'a template without a bottom',
      withTemplate({ spec: { affinity: nested(99) } }),
      `${at}.template: must not be nested deeper than 100 levels`,
    ],
    [
      'available replicas that are a list',
      { object: { ...deployment, status: { availableReplicas: [] } } },
      'request.object.status.availableReplicas: must be a whole number, is a list',
    ],
  ])('%s', (_case, more, reason) => {
    expect(complaint(more)).toBe(reason);
    const { object, ...rest } = more;
    const old = { ...rest, operation: 'DELETE', oldObject: object, object: null } as JsonObject;
    expect(complaint(old)).toBe(reason.replace('object', 'oldObject'));
  });

  it.each<[string, JsonObject]>([
    ['a template of a hundred levels', withTemplate({ spec: { affinity: nested(98) } })],
    ['nulls, where Kubernetes takes them for absence', withTemplate({ metadata: null, spec: { containers: null } })],
    ['fields that no answer reads', withSpec({ template: {}, selector: 'x', minReadySeconds: [] })],
  ])('but not for %s', (_case, more) => expect(complaint(more)).toBeUndefined());
});

describe('complaints', () => {
  it('come all at once', () => {
    const object = { ...deployment, kind: '', metadata: { labels: [], generation: 'x' } };
    expect(complaint({ uid: 7, object, dryRun: 'no' })).toBe(
      [
        'request.uid: must be a text of at most 256 characters, is a number',
        'request.dryRun: must be true or false, is a text',
        'request.object.kind: must be a text of at most 1024 characters, is empty',
        'request.object.metadata.generation: must be a whole number, is a text',
        'request.object.metadata.labels: must be a map of texts, is a list',
      ].join('; '),
    );
  });

  it('are ten at most, the rest is counted', () => {
    const reason = complaint(withTemplate({ spec: { containers: Array.from({ length: 100_000 }, () => 0) } })) ?? '';
    expect(reason.split('; ')).toHaveLength(11);
    expect(reason).toMatch(/; and 99990 more$/);
  });

  it('quote no value, and no key in full', () => {
    const annotations = { [`hunter2${'x'.repeat(3_000_000)}\u202e`]: 7, a: 'hunter3' };
    const reason =
      complaint({ object: { ...deployment, metadata: { annotations, name: 'hunter4'.repeat(1_000) } } }) ?? '';
    expect(reason.length).toBeLessThan(300);
    expect(reason).toContain('metadata.name: must be a text of at most 1024 characters, has 7000');
    expect(reason).toContain('annotations["hunter2xxx');
    expect(reason).not.toMatch(/hunter[34]/);
  });
});

describe('an object of a kind that others define may look like anything but for its metadata', () => {
  const kind = kindOf('networking.istio.io', 'VirtualService');
  const route = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'shop' } };

  it.each<[string, JsonObject]>([
    ['a spec that is a text', { spec: 'x' }],
    ['a spec that is a list', { spec: ['x'] }],
    ['a status that is a number', { status: 7 }],
    ['neither', {}],
  ])('%s is left out', (_case, odd) => {
    expect(taken({ kind, object: { ...route, ...odd } }).object).toEqual(route);
  });

  it('a spec that is nested without a bottom is handed on', () => {
    const object = { ...route, spec: nested(5_000) };
    expect(taken({ kind, object }).object).toBe(object);
  });

  it('and its metadata is Kubernetes’ own', () => {
    const metadata = { name: 'shop', annotations: 'x', ownerReferences: [{ kind: 'Release', name: 'web-1' }] };
    expect(complaint({ kind, object: { ...route, metadata } })).toBe(
      [
        'request.object.metadata.annotations: must be a map of texts, is a text',
        'request.object.metadata.ownerReferences[0].uid: must be a text of at most 1024 characters, is missing',
      ].join('; '),
    );
  });
});

describe('a policy', () => {
  const kind = kindOf('sluice.dev', 'CanaryPolicy');
  const policy = { apiVersion: 'sluice.dev/v1alpha1', kind: 'CanaryPolicy', metadata: { name: 'careful' } };

  it('is not refused for what its own parser explains better', () => {
    const object = { ...policy, spec: { steps: 'x', checks: [{ name: [] }] } };
    expect(taken({ kind, object }).object).toBe(object);
  });

  it('without a bottom is refused', () => {
    expect(complaint({ kind, object: { ...policy, spec: nested(101) } })).toBe(
      'request.object.spec: must not be nested deeper than 100 levels',
    );
  });
});

describe('what is taken', () => {
  it('is handed on without a copy', () => expect(taken({}).object).toBe(deployment));

  it('is named by the request where the object has no name yet', () => {
    const object = { ...deployment, metadata: { generateName: 'web-', namespace: '', labels: null } };
    expect(taken({ name: 'web-1', object }).object?.metadata).toEqual({ generateName: 'web-', name: 'web-1' });
    expect(taken({ name: '', object }).object?.metadata).toEqual({ generateName: 'web-', name: '' });
  });
});

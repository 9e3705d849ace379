/** Every value of every kind of question replaced by every kind of nonsense: an answer, or a sentence why there is none. */
import { describe, expect, it } from '@jest/globals';
import { alice, after, anInput, optIn } from '../../test/support/admission-input.ts';
import { aDeployment } from '../../test/support/a-deployment.ts';
import { asObject, someRules } from '../../test/support/an-admission-request.ts';
import { bottomlessTexts, hostileTexts, pathsIn, withTextAt, type Path } from '../../test/support/hostile-json.ts';
import { decide } from '../core/admission/decide.ts';
import { mutate } from '../core/admission/mutate.ts';
import { validate } from '../core/admission/validate.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { decodeReview, tooDeep } from './decode-review.ts';
import { encodeReview } from './encode-review.ts';

const question = (request: JsonObject): JsonObject => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    name: 'web',
    namespace: 'shop',
    operation: 'UPDATE',
    userInfo: { username: alice },
    dryRun: false,
    options: { fieldManager: 'kubectl' },
    ...request,
  },
});

const before = aDeployment({ annotations: optIn });
const changed = aDeployment({ image: 'web:2', annotations: { ...optIn, 'sluice.dev/steps': '5,50' } });
const held = after(changed, decide(anInput(before, changed)));
const json = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;

const ours = (kind: string, more: JsonObject): JsonObject => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind,
  metadata: { name: 'x', namespace: 'shop' },
  ...more,
});
const policy = ours('CanaryPolicy', {
  spec: {
    provider: 'istio',
    weights: [5, 50],
    interval: '30s',
    checks: [{ name: 'errors', query: 'rate(errors[{{interval}}])', min: 0, max: 1, noData: 'fail' }],
  },
});
const release = ours('Release', {
  metadata: { name: 'web-5', namespace: 'shop', annotations: { 'sluice.dev/request.a1': '{"verb":"abort"}' } },
});
const route: JsonObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: {
    name: 'shop',
    namespace: 'shop',
    annotations: {
      'sluice.dev/split':
        '{"bare":true,"services":{"web":{"release":"web-7","split":{"weight":20},"weights":{"http/main":null}}}}',
    },
    managedFields: [{ manager: 'sluice' }],
  },
  spec: {
    hosts: ['web'],
    http: [
      {
        name: 'main',
        match: [{ uri: { prefix: '/' } }],
        route: [
          { destination: { host: 'web', subset: 'a', port: { number: 80 } }, weight: 80 },
          { destination: { host: 'web-canary' }, weight: 20 },
        ],
      },
    ],
  },
};
const ourKind = (kind: string): JsonObject => ({ group: 'sluice.dev', version: 'v1alpha1', kind });

const questions: readonly (readonly [string, JsonObject])[] = [
  ['a new template', question({ object: json(changed), oldObject: json(before) })],
  ['a new template during a release', question({ object: json(before), oldObject: json(held) })],
  ['a first version', question({ operation: 'CREATE', object: json(changed), oldObject: null })],
  [
    'the end of what is ours',
    question({
      operation: 'DELETE',
      object: null,
      oldObject: json(asObject({ labels: { 'app.kubernetes.io/managed-by': 'sluice' } })),
    }),
  ],
  ['a policy', question({ kind: ourKind('CanaryPolicy'), object: policy, oldObject: policy })],
  ['a request', question({ kind: ourKind('Release'), object: release, oldObject: ours('Release', {}) })],
  [
    'a route',
    question({
      kind: { group: 'networking.istio.io', version: 'v1', kind: 'VirtualService' },
      object: {
        ...route,
        spec: { hosts: ['web'], http: [{ name: 'main', route: [{ destination: { host: 'web' } }] }] },
      },
      oldObject: route,
    }),
  ],
];

type Response = {
  readonly uid: unknown;
  readonly allowed: unknown;
  readonly status?: { readonly code: unknown; readonly message: unknown };
  readonly patch?: string;
  readonly warnings?: readonly string[];
};

const largestAnswer = 200_000;

/** What is wrong with the answers to this text, in words; undefined when all is as it should be. */
const fault = (text: string): string | undefined => {
  const decoded = decodeReview(JSON.parse(text));
  if (!decoded.ok) return decoded.reason.length > 0 && decoded.reason.length < 500 ? undefined : 'an unfit reason';
  for (const answering of [mutate, validate]) {
    try {
      const answer = JSON.stringify(encodeReview(decoded.request, answering(decoded.request, someRules, 0)));
      const { response } = JSON.parse(answer) as { readonly response: Response };
      const wrong = answer.length > largestAnswer ? 'a huge answer' : misshapen(response, decoded.request.uid);
      if (wrong !== undefined) return `${answering.name}: ${wrong}`;
    } catch (error) {
      // The app answers these with a 400.
      if (/call stack/.test(String(error)) && tooDeep(decoded.request) !== undefined) continue;
      return `${answering.name}: ${String(error)}`;
    }
  }
  return undefined;
};

const misshapen = (response: Response, uid: string): string | undefined => {
  if (response.uid !== uid || typeof response.allowed !== 'boolean') return 'no answer to this question';
  const { status, patch, warnings = [] } = response;
  if (
    !response.allowed &&
    (typeof status?.code !== 'number' || typeof status.message !== 'string' || status.message === '')
  )
    return 'a denial without words';
  if (!warnings.every((warning) => /^[^\p{Cc}]{1,1024}$/u.test(warning))) return 'a warning that fits into no header';
  const ops = JSON.parse(patch === undefined ? '[]' : Buffer.from(patch, 'base64').toString()) as readonly {
    readonly op: unknown;
    readonly path: unknown;
  }[];
  return ops.every(({ op, path }) => typeof op === 'string' && typeof path === 'string') ? undefined : 'a broken patch';
};

describe('C1: nonsense', () => {
  it.each(questions)(
    'is answered wherever it stands in %s',
    (_case, whole) => {
      const faults: string[] = [];
      const put = (path: Path, text: string | undefined): void => {
        const found = path.length === 0 && text === undefined ? undefined : fault(withTextAt(whole, path, text));
        if (found !== undefined) faults.push(`${path.join('.')} = ${text?.slice(0, 60)}: ${found}`);
      };
      for (const path of pathsIn(whole)) for (const text of [undefined, ...hostileTexts]) put(path, text);
      pathsIn(whole, false).forEach((path, i) => put(path, bottomlessTexts[i % bottomlessTexts.length]));
      expect(faults).toEqual([]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
    60_000,
  );

  it('is told from a question as it should be', () => {
    for (const [, whole] of questions) {
      expect(decodeReview(whole)).toMatchObject({ ok: true });
      expect(fault(JSON.stringify(whole))).toBeUndefined();
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Express } from 'express';
import jsonPatch from 'fast-json-patch';
import fc from 'fast-check';
import { pino } from 'pino';
import supertest, { type Response } from 'supertest';
import { alice, hashOf, optIn, sluice } from '../../test/support/admission-input.ts';
import { known, markedV2 } from '../../test/support/admission-traits.ts';
import { asObject, someRules } from '../../test/support/an-admission-request.ts';
import { admissionAnswers } from '../core/admission/admission-answers.ts';
import type { JsonObject } from '../values/kube-object.ts';
import { manualClock } from '../ports/clock.ts';
import { memoryJournal, type MemoryJournal } from '../ports/journal.ts';
import { webhookApp, type WebhookParts } from './webhook-app.ts';

type Seen = {
  readonly journal: MemoryJournal;
  readonly lines: { readonly [key: string]: unknown }[];
  readonly counted: [string, number, boolean][];
};

const start = (parts: Partial<WebhookParts> = {}): { app: Express } & Seen => {
  const lines: Seen['lines'] = [];
  const counted: Seen['counted'] = [];
  const journal = memoryJournal();
  let ticks = 0;
  const app = webhookApp({
    ...admissionAnswers(someRules),
    journal,
    ready: () => true,
    failureMode: 'closed',
    log: pino({ base: null }, { write: (line) => lines.push(JSON.parse(line) as Seen['lines'][number]) }),
    metrics: { admission: (...args) => counted.push(args) },
    clock: manualClock(),
    stopwatch: () => (ticks += 2),
    ...parts,
  });
  return { app, journal, lines, counted };
};

const review = (more: JsonObject = {}): JsonObject => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    resource: { group: 'apps', version: 'v1', resource: 'deployments' },
    name: 'web',
    namespace: 'shop',
    operation: 'UPDATE',
    userInfo: { username: alice, groups: ['system:authenticated'] },
    object: asObject({ image: 'web:2', annotations: optIn }) as unknown as JsonObject,
    oldObject: asObject({ annotations: optIn }) as unknown as JsonObject,
    dryRun: false,
    options: { apiVersion: 'meta.k8s.io/v1', kind: 'UpdateOptions', fieldManager: 'kubectl-client-side-apply' },
    ...more,
  },
});
const post = (app: Express, body: unknown, path = '/mutate'): Promise<Response> =>
  supertest(app)
    .post(path)
    .set('content-type', 'application/json')
    .send(body as object);
const responseOf = ({ body }: Response): JsonObject => (body as { readonly response: JsonObject }).response;

describe('a question', () => {
  it('is answered in the form the API server wants', async () => {
    const { app } = start();
    const answer = await post(app, review());
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
    const { patch, warnings, ...rest } = responseOf(answer);
    expect(rest).toEqual({
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      allowed: true,
      patchType: 'JSONPatch',
      auditAnnotations: { case: 'released' },
    });
    const ops = JSON.parse(Buffer.from(patch as string, 'base64').toString()) as readonly JsonObject[];
    expect(ops).toContainEqual({ op: 'add', path: '/spec/paused', value: true });
    expect(warnings).toContainEqual(expect.stringContaining('kubectl sluice watch web -n shop'));
  });

  it('is logged in one line and counted, where something changes', async () => {
    const { app, lines, counted } = start();
    await post(app, review());
    expect(lines).toEqual([
      expect.objectContaining({
        namespace: 'shop',
        workload: 'web',
        reason: 'released',
        user: alice,
        tool: 'kubectl-client-side-apply',
        operation: 'UPDATE',
        dryRun: false,
        fromHash: hashOf('web:1'),
        to: 'web-5',
        toHash: hashOf('web:2'),
        msg: expect.stringContaining(alice),
      }),
    ]);
    expect(lines[0]).not.toHaveProperty('from');
    expect(counted).toEqual([['released', 2, true]]);
  });

  it('leaves no line, but a count, where nothing changes', async () => {
    const { app, lines, counted } = start();
    const answer = await post(app, review({ userInfo: { username: sluice } }));
    expect(responseOf(answer)).toEqual({ uid: '705ab4f5-6393-11e8-b7cc-42010a800002', allowed: true });
    expect({ lines, counted }).toEqual({ lines: [], counted: [['own-write', 2, true]] });
  });

  it('is logged where a release is left, with where from and where to', async () => {
    const { app, lines } = start();
    const annotations = { ...markedV2(), ...known };
    const old = asObject({ image: 'web:2', annotations, paused: true }) as unknown as JsonObject;
    const object = asObject({ image: 'web:1', annotations, paused: true }) as unknown as JsonObject;
    await post(app, review({ oldObject: old, object, userInfo: { username: alice, uid: '4-2' } }));
    expect(lines).toEqual([
      expect.objectContaining({
        reason: 'aborted',
        from: 'web-5',
        fromHash: hashOf('web:2'),
        toHash: hashOf('web:1'),
        userUid: '4-2',
      }),
    ]);
    expect(lines[0]).not.toHaveProperty('to');
  });

  it('is logged in one line whatever the names in it are', async () => {
    const { app, lines } = start();
    const username = 'eve\n{"msg":"forged"}\u001b[2J\u202e\u2028';
    const options = { fieldManager: 'tool\rwith a return' };
    await post(app, review({ userInfo: { username }, name: 'web\u0085', options }));
    expect(lines).toHaveLength(1);
    const texts = Object.values(lines[0] ?? {}).map(String);
    for (const text of texts) expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    expect(lines[0]).toMatchObject({
      user: 'eve\\u{a}{"msg":"forged"}\\u{1b}[2J\\u{202e}\\u{2028}',
      workload: 'web\\u{85}',
    });
  });

  it('that changes or deletes a policy is logged by the validating webhook', async () => {
    const { app, lines } = start();
    const policy = (weights: readonly number[]): JsonObject => ({
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'CanaryPolicy',
      metadata: { name: 'careful', namespace: 'shop' },
      spec: { weights },
    });
    const kind = { group: 'sluice.dev', version: 'v1alpha1', kind: 'CanaryPolicy' };
    const change = { kind, name: 'careful', oldObject: policy([5]), object: policy([7]) };
    await post(app, review(change));
    await post(app, review(change), '/validate');
    await post(app, review({ ...change, object: policy([5]) }), '/validate');
    expect(lines).toEqual([
      expect.objectContaining({
        reason: 'policy-written',
        user: alice,
        operation: 'UPDATE',
        msg: expect.stringMatching(/^admitted: .* UPDATE of CanaryPolicy careful by alice/),
      }),
    ]);
  });

  it('of a dry run says so in the log', async () => {
    const { app, lines } = start();
    await post(app, review({ dryRun: true }));
    expect(lines[0]?.['msg']).toContain('dry run');
    expect(lines[0]?.['dryRun']).toBe(true);
  });

  it('that is denied comes back with code, reason and sentences', async () => {
    const { app, lines } = start();
    const object = asObject({ annotations: { ...optIn, 'sluice.dev/steps': '120' } }) as unknown as JsonObject;
    for (const path of ['/mutate', '/validate']) {
      const { allowed, status } = responseOf(await post(app, review({ object }), path));
      expect(allowed).toBe(false);
      expect(status).toMatchObject({
        status: 'Failure',
        code: 422,
        reason: 'Invalid',
        message: expect.stringContaining('sluice.dev/steps "120"'),
        details: {
          kind: 'Deployment',
          name: 'web',
          causes: [
            {
              reason: 'FieldValueInvalid',
              field: 'sluice.dev/steps',
              message: expect.stringContaining('"120": must be'),
            },
          ],
        },
      });
    }
    expect(lines).toHaveLength(2);
  });

  it('to the validating webhook gets no patch', async () => {
    const { app } = start();
    const { patch } = responseOf(await post(app, review()));
    const ops = JSON.parse(Buffer.from(patch as string, 'base64').toString()) as jsonPatch.Operation[];
    const { object } = review()['request'] as JsonObject;
    const answered = jsonPatch.applyPatch(object, ops, true, false).newDocument as JsonObject;
    expect(responseOf(await post(app, review({ object: answered }), '/validate'))).toEqual({
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      allowed: true,
    });
  });

  it('about the deletion of what Sluice made is answered from the old object', async () => {
    const { app } = start();
    const oldObject = asObject({ labels: { 'app.kubernetes.io/managed-by': 'sluice' } }) as unknown as JsonObject;
    const answer = await post(app, review({ operation: 'DELETE', object: null, oldObject }), '/validate/owned');
    expect(responseOf(answer)['status']).toMatchObject({ code: 403, reason: 'Forbidden' });
  });

  it.each([true, false])(
    'about a write past the guard is told once it is answered, unless it is a dry run (%s)',
    async (dryRun) => {
      const { app, journal, lines } = start();
      const owned = asObject({
        labels: { 'app.kubernetes.io/managed-by': 'sluice' },
        annotations: { 'sluice.dev/break-glass': 'INC-42' },
      }) as unknown as JsonObject;
      const question = review({ operation: 'DELETE', object: null, oldObject: owned, dryRun });
      const response = responseOf(await post(app, question, '/validate/break-glass'));
      expect(response).toMatchObject({ allowed: true, auditAnnotations: { case: 'broken-glass' } });
      expect(lines[0]?.['msg']).toContain(
        `let through${dryRun ? ' (dry run)' : ''}: the guard is passed over: INC-42; DELETE of `,
      );
      expect(journal.entries.map(({ reason, note }) => [reason, note.includes('INC-42')])).toEqual(
        dryRun ? [] : [['BreakGlass', true]],
      );
    },
  );

  it('about a create with a generated name is taken', async () => {
    const { app } = start();
    const { metadata, ...object } = asObject({ annotations: optIn });
    const { name: _name, ...rest } = metadata;
    const unnamed = { ...object, metadata: { ...rest, generateName: 'web-' } } as unknown as JsonObject;
    const answer = await post(app, review({ operation: 'CREATE', object: unnamed, oldObject: null, name: '' }));
    expect(responseOf(answer)).toMatchObject({ allowed: true });
  });

  it('is not answered from caches that are not in sync', async () => {
    const { app } = start({ ready: () => 'policies are not read yet' });
    const answer = await post(app, review());
    expect({ status: answer.status, body: answer.body as unknown }).toEqual({
      status: 503,
      body: { error: 'Sluice is not ready: policies are not read yet' },
    });
  });
});

describe('a fault of our own', () => {
  const broken = (): never => {
    throw new Error('boom');
  };

  it('refuses the write where failures are closed, and never shows its insides', async () => {
    const { app, lines, counted } = start({ mutate: broken });
    const response = responseOf(await post(app, review()));
    expect(response).toMatchObject({ allowed: false, status: { code: 500, reason: 'InternalError' } });
    expect(JSON.stringify(response)).not.toContain('boom');
    expect(lines).toEqual([
      expect.objectContaining({ reason: 'fault', err: expect.objectContaining({ message: 'boom' }) }),
    ]);
    expect(counted).toEqual([['fault', 2, false]]);
  });

  it('lets it through with a warning where they are open', async () => {
    const { app } = start({ validate: broken, failureMode: 'open' });
    expect(responseOf(await post(app, review(), '/validate'))).toMatchObject({
      allowed: true,
      warnings: [expect.stringContaining('a fault of its own')],
    });
  });
});

describe('other requests', () => {
  it('health and readiness', async () => {
    const { app } = start({ ready: () => 'no certificate yet' });
    expect((await supertest(app).get('/healthz')).status).toBe(200);
    const ready = await supertest(app).get('/readyz');
    expect([ready.status, ready.text]).toEqual([503, 'no certificate yet\n']);
    expect((await supertest(start().app).get('/readyz')).status).toBe(200);
  });

  it.each([
    ['GET', '/mutate', 405],
    ['PUT', '/validate', 405],
    ['GET', '/', 404],
    ['POST', '/elsewhere', 404],
    ['GET', '/%E0%A4%A', 404],
  ])('%s %s is %d', async (method, path, status) => {
    const agent = supertest(start().app);
    const answer = await (method === 'GET' ? agent.get(path) : method === 'PUT' ? agent.put(path) : agent.post(path));
    expect([answer.status, typeof (answer.body as { error?: unknown }).error]).toEqual([status, 'string']);
  });
});

describe('a malformed question', () => {
  const whole = JSON.stringify(review());

  it.each<[string, string, number, RegExp]>([
    ['nothing', '', 400, /not JSON/],
    ['no JSON', '{', 400, /JSON/],
    ['a review that is cut off', whole.slice(0, whole.length / 2), 400, /JSON/],
    ['a bare text', '"x"', 400, /must be an object/],
    ['a list', '[]', 400, /must be an object/],
    ['another kind', '{"kind":"Pod"}', 400, /must be an AdmissionReview/],
    [
      'the version of long ago',
      whole.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'),
      400,
      /must be of admission.k8s.io\/v1/,
    ],
    [
      'no request',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}',
      400,
      /request: must be an object, is missing/,
    ],
    ['a body past the limit', `{"x":"${'x'.repeat(3 * 1024 * 1024)}"}`, 413, /too large/],
  ])('is answered with a reason: %s', async (_case, text, status, reason) => {
    const { app, lines, counted } = start();
    const answer = await supertest(app).post('/mutate').set('content-type', 'application/json').send(text);
    expect([answer.status, (answer.body as { error: string }).error]).toEqual([status, expect.stringMatching(reason)]);
    expect({ lines: lines.length, counted }).toEqual({ lines: 1, counted: [['malformed', 0, false]] });
  });

  it.each<[string, JsonObject, RegExp]>([
    ['no uid', { uid: null }, /request.uid/],
    ['an endless uid', { uid: 'x'.repeat(1000) }, /at most 256/],
    [
      'an unknown operation',
      { operation: 'PATCH' },
      /request.operation: must be one of CREATE, UPDATE, DELETE, CONNECT, is another text/,
    ],
    ['no kind', { kind: null }, /request.kind: must be an object, is null/],
    ['a kind that is a text', { kind: 'Deployment' }, /request.kind: must be an object, is a text/],
    ['no user', { userInfo: {} }, /username/],
    ['an update without the old object', { oldObject: null }, /request.oldObject: must be there on UPDATE, is missing/],
    ['an update without the object', { object: null }, /request.object: must be there on UPDATE/],
    [
      'a deletion without the old object',
      { operation: 'DELETE', oldObject: null },
      /request.oldObject: must be there on DELETE/,
    ],
    ['an object that is a list', { object: [] }, /request.object: must be an object, is a list/],
    [
      'an object without metadata',
      { object: { apiVersion: 'apps/v1', kind: 'Deployment' } },
      /request.object.metadata: must be an object, is missing/,
    ],
    [
      'annotations that are no texts',
      { object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { annotations: { a: 1 } } } },
      /request.object.metadata.annotations\["a"\]: must be a text, is a number/,
    ],
    [
      'labels that are a list',
      { object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { labels: ['a'] } } },
      /request.object.metadata.labels: must be a map of texts, is a list/,
    ],
    [
      'owners that are no list',
      { object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ownerReferences: {} } } },
      /request.object.metadata.ownerReferences: must be a list, is an object/,
    ],
    [
      'a generation that is a text',
      { object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { generation: '1' } } },
      /request.object.metadata.generation: must be a whole number, is a text/,
    ],
    [
      'a spec that is a text',
      { object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: {}, spec: 'x' } },
      /request.object.spec: must be an object, is a text/,
    ],
  ])('is answered with a reason: %s', async (_case, more, reason) => {
    const answer = await post(start().app, review(more));
    expect([answer.status, (answer.body as { error: string }).error]).toEqual([400, expect.stringMatching(reason)]);
  });

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
  ])('of content type %s is %d', async (type, status) => {
    const answer = await supertest(start().app).post('/mutate').set('content-type', type).send('a=b');
    expect(answer.status).toBe(status);
  });

  it('that is compressed is refused unread', async () => {
    const request = supertest(start().app)
      .post('/mutate')
      .set('content-type', 'application/json')
      .set('content-encoding', 'gzip');
    expect((await request.send(whole)).status).toBe(415);
  });

  it('of annotations that are null reads as none', async () => {
    const object = asObject({ image: 'web:2' });
    const nothing = {
      ...object,
      metadata: { ...object.metadata, annotations: null, labels: null },
      status: null,
    } as unknown as JsonObject;
    const answer = await post(start().app, review({ object: nothing, oldObject: nothing }));
    expect(responseOf(answer)).toMatchObject({ allowed: true });
  });

  const nested = (levels: number): string => `{"a":[`.repeat(levels / 2) + '1' + ']}'.repeat(levels / 2);
  const asked = (path: string, text: string): Promise<Response> =>
    supertest(start().app).post(path).set('content-type', 'application/json').send(text);
  const deepTemplate = (levels: number): string =>
    whole.replace('"containers":[', `"bottomless":${nested(levels)},"containers":[`);

  it.each(['/mutate', '/validate'])('of much depth is answered at %s', async (path) => {
    expect(responseOf(await asked(path, deepTemplate(980)))['uid']).toBe('705ab4f5-6393-11e8-b7cc-42010a800002');
  });

  it.each<[string, string, RegExp]>([
    ['a template', deepTemplate(10_000), /^request.object: must not be nested deeper than 1000 levels$/],
    ['a body', deepTemplate(100_000), /^the body is nested deeper than 20000 levels$/],
  ])('of bottomless depth is answered with a reason: %s', async (_case, text, reason) => {
    const answer = await asked('/mutate', text);
    expect([answer.status, (answer.body as { error: string }).error]).toEqual([400, expect.stringMatching(reason)]);
  });

  describe('about a route without a bottom', () => {
    const route = (annotations: JsonObject, labels: JsonObject = {}): JsonObject => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'web', namespace: 'shop', annotations, labels },
      spec: { http: [{ match: 'bottom', route: [{ destination: { host: 'web' } }] }] },
    });
    const memory = { 'sluice.dev/split': '{"services":{"web":{"canary":20,"release":"web-7","weights":{}}}}' };
    const text = (object: JsonObject): string => {
      const kind = { group: 'networking.istio.io', version: 'v1', kind: 'VirtualService' };
      return JSON.stringify(review({ kind, object, oldObject: object })).replaceAll('"bottom"', nested(9_000));
    };

    it('lets it through as it is', async () => {
      const answer = responseOf(await asked('/mutate', text(route(memory))));
      expect(answer).toMatchObject({ allowed: true, warnings: [expect.stringContaining('none was kept')] });
      expect(answer).not.toHaveProperty('patch');
    });

    it('is no way around the guard', async () => {
      const owned = route({}, { 'app.kubernetes.io/managed-by': 'sluice' });
      expect(responseOf(await asked('/validate/owned', text(owned)))).toMatchObject({ status: { code: 403 } });
    });
  });

  it('of any JSON at all is answered, never with a 500', async () => {
    const { app, lines } = start();
    const server = app.listen(0, '127.0.0.1');
    try {
      const anything = fc.jsonValue();
      const someRequest = fc.dictionary(
        fc.constantFrom('uid', 'kind', 'operation', 'object', 'oldObject', 'userInfo', 'options', 'name'),
        anything,
      );
      const some = fc.oneof(
        anything,
        someRequest.map((more) => review(more as JsonObject)),
        someRequest.map((more) => ({ ...review(), request: more })),
      );
      await fc.assert(
        fc.asyncProperty(some, fc.constantFrom('/mutate', '/validate'), async (body, path) => {
          const answer = await supertest(server)
            .post(path)
            .set('content-type', 'application/json')
            .send(JSON.stringify(body));
          expect([200, 400]).toContain(answer.status);
        }),
        { numRuns: 200 },
      );
      expect(lines.filter((line) => line['reason'] === 'fault')).toEqual([]);
    } finally {
      server.close();
    }
  });
});

/**
 * Secrets wherever people have them (environment, annotations, headers of probes, bodies nobody should have sent), through
 * everything Sluice does with a workload: none of them may be told in its log (down to the least line), in an event, in a
 * Release or in a metric.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiVersion } from '../../src/schema/names.ts';
import { fetchText } from '../cluster/fetch-text.ts';
import { TooLate } from '../cluster/in-time.ts';
import { lifeOf, type Life, type Version } from '../support/life.ts';
import { service } from '../support/manifests.ts';
import type { Sluice } from '../support/sluice-process.ts';
import { Stage } from '../support/stage.ts';
import { postUnverified } from '../support/tls.ts';

type Place =
  | 'environment'
  | 'annotation-of-the-template'
  | 'annotation-of-the-workload'
  | 'header-of-a-probe'
  | 'annotation-of-ours'
  | 'password-in-an-address'
  | 'environment-of-the-canary'
  | 'body'
  | 'path'
  | 'authorization';
const secret = (place: Place, version = ''): string => `hunter2-${place}-${version}`;

const policy = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1s',
  'sluice.dev/no-data': 'pass',
};

let stage: Stage;
let sluice: Sluice;
/** What kubectl printed. */
const said: string[] = [];

/** A version that is full of secrets, all of them new. */
const full = (life: Life, { annotations = {}, env = {}, ...version }: Version): Version => {
  const rest = {
    ...version,
    annotations: {
      ...policy,
      ...annotations,
      'example.com/token': secret('annotation-of-the-workload', version.version),
    },
    env: { ...env, TOKEN: secret('environment', version.version) },
  };
  const { spec } = life.manifest(rest) as unknown as { readonly spec: { readonly template: Template } };
  const { metadata, spec: pods } = spec.template;
  const [container] = pods.containers;
  const httpHeaders = [{ name: 'Authorization', value: secret('header-of-a-probe', version.version) }];
  const readinessProbe = { ...container.readinessProbe, httpGet: { ...container.readinessProbe.httpGet, httpHeaders } };
  const template = {
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        'example.com/vault': secret('annotation-of-the-template', version.version),
      },
    },
    spec: { ...pods, containers: [{ ...container, readinessProbe }] },
  };
  return { ...rest, spec: { template } };
};
type Template = {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly [{ readonly readinessProbe: { readonly httpGet: object } }] };
};

const apply = async (life: Life, version: Version): Promise<void> =>
  void said.push(await life.apply(full(life, version)));
const kubectl = async (...args: readonly string[]): Promise<void> => {
  const { stdout, stderr } = await stage.kubectl(...args);
  said.push(stdout, stderr);
};

const promoted = async (life: Life): Promise<void> => {
  await apply(life, { version: 'v2' });
  await life.untilPhase(`${life.name}-2`, 'Succeeded');
};

const crashed = async (life: Life): Promise<void> => {
  await apply(life, {
    version: 'v2',
    env: { CRASH_AFTER_MS: '0' },
    annotations: { 'sluice.dev/progress-deadline': '4s' },
  });
  await life.untilPhase(`${life.name}-2`, 'Failed');
};

/** Refused to a person, then changed past the guard, then given back. */
const edited = async (life: Life): Promise<void> => {
  await apply(life, { version: 'v2', annotations: { 'sluice.dev/interval': '1h' } });
  await life.untilUnderWay();
  const canary = `deployment/${life.name}-canary`;
  const env = `TOKEN=${secret('environment-of-the-canary')}`;
  await kubectl('set', 'env', canary, env);
  await kubectl('annotate', canary, 'sluice.dev/break-glass=INC-42');
  await kubectl('set', 'env', canary, env);
  await kubectl('annotate', canary, 'sluice.dev/break-glass-');
  await life.untilPhase(`${life.name}-2`, 'Failed');
};

/** Values that are no secret to whoever wrote them, and are told to them alone. */
const refused = async (): Promise<readonly string[]> => {
  const steps = lifeOf(stage, 'refused').manifest({
    version: 'v1',
    annotations: { ...policy, 'sluice.dev/steps': secret('annotation-of-ours') },
  });
  const address = `http://me:${secret('password-in-an-address')}@127.0.0.1:9`;
  const asking = { apiVersion, kind: 'CanaryPolicy', metadata: { name: 'asking' }, spec: { prometheus: address } };
  const answers = await Promise.all([stage.send([steps]), stage.send([asking])]);
  return answers.map(({ code, stderr }) => `${code} ${stderr}`);
};

/** The status; undefined where the connection was cut before there was one. */
const post = (port: number, path: string, body: string): Promise<number | undefined> =>
  postUnverified({ address: '127.0.0.1', port, path, body, authorization: `Bearer ${secret('authorization')}` }).catch(
    (error: unknown) => {
      if (error instanceof TooLate) throw error;
      return undefined;
    },
  );

const hostile = async (port: number): Promise<readonly (number | undefined)[]> => {
  const text = secret('body');
  const envelope = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'x', annotations: { a: text } },
    spec: { template: { spec: text } },
  };
  const review = {
    uid: '1',
    operation: 'CREATE',
    kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
    userInfo: { username: 'eve' },
    object,
  };
  const bodies = [
    `{"a":"${text}`,
    `{"${text}":}`,
    text,
    JSON.stringify(text),
    JSON.stringify({ ...envelope, kind: text }),
    JSON.stringify({ ...envelope, request: { ...review, operation: text } }),
    JSON.stringify({
      ...envelope,
      request: { ...review, object: { ...object, metadata: { name: 'x', annotations: text } } },
    }),
    JSON.stringify({ ...envelope, request: review }),
    JSON.stringify({ ...envelope, request: { ...review, operation: 'UPDATE', oldObject: object } }),
  ];
  const paths = ['/mutate', '/validate', '/validate/owned', '/validate/break-glass', `/${secret('path')}`];
  return Promise.all(paths.flatMap((path) => bodies.map((body) => post(port, path, body))));
};

const told = { log: '', events: '', releases: '', metrics: '', kubectl: '' };
let refusals: readonly string[];
let statuses: readonly (number | undefined)[];

beforeAll(async () => {
  stage = await Stage.set('secrets');
  sluice = await stage.sluice({ flags: ['--log-level', 'trace'] });
  const ready = sluice.log.find(({ msg }) => msg === 'sluice is ready') as unknown as {
    port: number;
    metricsPort: number;
  };
  const lives = ['good', 'bad', 'edited'].map((name) => lifeOf(stage, name));
  await stage.apply(...lives.flatMap((life) => [service(life.name), life.manifest(full(life, { version: 'v1' }))]));
  await Promise.all(lives.map((life) => life.rolledOut()));
  const [good, bad, third] = lives;
  [refusals, statuses] = await Promise.all([
    refused(),
    hostile(ready.port),
    promoted(good!),
    crashed(bad!),
    edited(third!),
  ]);
  told.metrics = (await fetchText(`http://127.0.0.1:${ready.metricsPort}/metrics`)).text;
  told.releases = await stage.kubectlOk('get', 'releases', '-o', 'json');
  // Events are sent in the background: the end takes in what is left.
  await sluice.stop();
  told.events = await stage.kubectlOk('get', 'events.events.k8s.io', '-o', 'json');
  told.log = JSON.stringify(sluice.log);
  told.kubectl = said.join('\n');
}, 170_000);
afterAll(() => stage.teardown());

describe('no secret is told', () => {
  /** Proof that each source tells of these very changes. */
  const sources: readonly (readonly [keyof typeof told, readonly RegExp[]])[] = [
    [
      'log',
      [
        /env TOKEN in app: changed/,
        /annotation example\.com\/vault: changed/,
        /readinessProbe of container app: changed/,
        /"level":"debug"/,
        /could not be read/,
        /"reason":"broken-glass"/,
        /the CanaryPolicy cannot be read/,
      ],
    ],
    ['events', [/CanaryNotReady/, /CanaryEdited/, /BreakGlass/, /ReleaseSucceeded/]],
    ['releases', [/env TOKEN in app: changed/, /exit code/]],
    ['metrics', [/sluice_admission_total/]],
    ['kubectl', [/env TOKEN in app: changed/, /belongs to release edited-2/]],
  ];

  it.each(sources)('in %s', (source, expected) => {
    const text = told[source];
    for (const one of expected) expect(text).toMatch(one);
    expect(text.match(/hunter2-[a-z0-9-]*/g)).toBeNull();
  });

  it('by a policy, which is no place for a password', () => {
    const [, policyRefused = ''] = refusals;
    expect(policyRefused).toContain('1 ');
    expect(policyRefused).toContain('without user and password');
    expect(policyRefused).toContain('http://…@127.0.0.1:9');
    expect(policyRefused).not.toContain('hunter2');
  });

  it('but to the one who has just written it', () => {
    const [steps] = refusals;
    expect(steps).toMatch(/sluice\.dev\/steps.*"hunter2-annotation-of-ours-"/);
  });

  it('by a webhook that is sent what no API server would send', () => {
    expect(new Set(statuses.filter((status) => status !== undefined))).toEqual(new Set([400, 404]));
  });
});

import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readFileSync } from 'node:fs';
import {
  aDeployment,
  aHeldDeployment,
  aRelease,
  aSession,
  at,
  memoryCluster,
  type MemoryCluster,
} from '../../test/support/plugin-doubles.ts';
import { withUsedSkip } from '../core/admission/used-skips.ts';
import { templateHash } from '../core/template/template-hash.ts';
import { sourceForms } from '../metrics/index.ts';
import { annotations, marks } from '../schema/annotations.ts';
import { runProgram, verbs, type Place } from './program.ts';
import { readObjects } from './read-objects.ts';

type Ran = { readonly code: number; readonly out: string; readonly err: string; readonly place: Place | undefined };

const run = async (line: string, cluster: MemoryCluster = memoryCluster()): Promise<Ran> => {
  const session = aSession(cluster);
  let place: Place | undefined;
  const code = await runProgram(
    line.split(' ').filter((word) => word !== ''),
    {
      version: '1.2.3',
      terminal: session.terminal,
      forms: sourceForms,
      readObjects: (file) => readObjects(file),
      open: (given) => {
        place = given;
        return { ...session, namespace: given.namespace ?? session.namespace };
      },
    },
  );
  return { code, out: session.terminal.stdout(), err: session.terminal.stderr(), place };
};

const running = aRelease({ status: { phase: 'Progressing', stepLabel: '2/4', weight: 5 } });

describe('the command line', () => {
  it('without a verb shows what there is and fails', async () => {
    const { code, err } = await run('');
    expect(code).toBe(1);
    const flowing = err.replaceAll(/\s+/g, ' ');
    for (const { summary } of verbs) expect(flowing).toContain(summary);
  });

  it.each([
    ['--help', 'Usage: kubectl sluice'],
    ['--version', '1.2.3\n'],
    ['abort --help', 'Usage: kubectl sluice abort [options] <workload>'],
  ])('%s is answered, without a cluster', async (line, text) => {
    const { code, out, place } = await run(line);
    expect([code, place]).toEqual([0, undefined]);
    expect(out).toContain(text);
  });

  it.each([
    ['an unknown verb', 'stats', "unknown command 'stats'\n(Did you mean status?)"],
    ['an unknown option', 'status --all', "unknown option '--all'"],
    ['a missing workload', 'abort', "missing required argument 'workload'"],
    ['a word too many', 'abort web api', 'too many arguments'],
    ['a skip without a reason', 'skip web', "required option '--reason <text>' not specified"],
    ['an unknown format', 'status -o wide', 'Allowed choices are json, yaml'],
  ])('refuses %s, without a cluster', async (_case, line, text) => {
    const { code, err, place } = await run(line);
    expect([code, place]).toEqual([1, undefined]);
    expect(err).toContain(text);
    expect(err).toContain('(--help shows what can be written here)');
  });

  it.each([
    ['list -n test --context prod --kubeconfig /k', { namespace: 'test', context: 'prod', kubeconfig: '/k' }],
    ['-n test list', { namespace: 'test' }],
    ['list', {}],
  ])('%s says where', async (line, expected) => expect((await run(line)).place).toEqual(expected));
});

describe('docs/cli.md', () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `([a-z-]+)[^|]*\| [^|]*\| (0|1)/gm)].map(([, verb]) => verb);

  it('has a row for each verb, and for nothing else', () =>
    expect([...new Set(documented)].sort()).toEqual(verbs.map(({ name }) => name).sort()));
});

describe('what may be missing is told, with what to do', () => {
  const without = (kind: string): MemoryCluster => {
    const cluster = memoryCluster(aDeployment());
    cluster.unserved.add(kind);
    return cluster;
  };

  it.each<[string, string, MemoryCluster, string]>([
    [
      'Sluice',
      'status web',
      without('Release'),
      'error: Sluice is not installed in this cluster: there is no kind Release in sluice.dev/v1alpha1.\nInstall it with its Helm chart, or choose another cluster with --context.\n',
    ],
    [
      'the workload',
      'status wbe',
      memoryCluster(aDeployment(), aDeployment({ name: 'plain', annotations: {} })),
      'error: There is no Deployment wbe in namespace shop.\nDid you mean web? Opted in here: web. Another namespace is chosen with -n.\n',
    ],
    [
      'any workload',
      'watch web',
      memoryCluster(),
      'error: There is no Deployment web in namespace shop.\nNo Deployment of this namespace is opted in; choose another with -n.\n',
    ],
    [
      'the opt-in',
      'abort web',
      memoryCluster(aDeployment({ annotations: {} })),
      'error: Deployment web is not opted in: it is rolled out natively, without Sluice.\nOpt in with: kubectl annotate deployment web -n shop sluice.dev/canary=enabled\n',
    ],
    [
      'a release',
      'promote web',
      memoryCluster(aDeployment()),
      'error: Deployment web is opted in and has had no release yet.\nChange its pod template to start one, for example: kubectl set image deployment/web -n shop CONTAINER=IMAGE\n',
    ],
    [
      'the Release of a change that was just made',
      'status web',
      memoryCluster(aHeldDeployment('web-7'), running),
      "error: The change of Deployment web has been held back, and its Release web-7 has not been made yet.\nThat takes a moment. When it does not appear, look whether Sluice's controller runs.\n",
    ],
    [
      'a Deployment among other kinds',
      'status statefulset/web',
      memoryCluster(),
      'error: "statefulset/web" is not a workload.\nWrite the name of a Deployment, such as web.\n',
    ],
    [
      'something to skip',
      'skip web --reason now',
      memoryCluster(aDeployment()),
      'error: Deployment web has no release that is running or held, so there is nothing to skip.\nTo let the next version roll natively, put the annotation sluice.dev/skip: "WHY" into the change that brings it. What runs now: kubectl rollout status deployment/web -n shop\n',
    ],
  ])('%s', async (_what, line, cluster, text) => {
    expect(await run(line, cluster)).toMatchObject({ code: 1, out: '', err: text });
  });
});

describe('status', () => {
  it.each(['web', 'deployment/web', 'deploy/web', 'deployments.apps/web'])('of %s is shown', async (name) => {
    const { code, out } = await run(`status ${name}`, memoryCluster(aDeployment(), running));
    expect(code).toBe(0);
    expect(out).toMatch(/^shop\/web {3}Progressing {3}step 2\/4 {3}5 % of the traffic to the canary\n/);
    expect(out).toMatch(/\n$/);
  });

  it('prints the object as JSON', async () => {
    const { out } = await run('status web -o json', memoryCluster(aDeployment(), running));
    expect(JSON.parse(out)).toMatchObject({ kind: 'Release', metadata: { name: 'web-2' }, status: { weight: 5 } });
  });

  it('C3: prints the object as YAML too, with the reason of a promotion', async () => {
    const promoted = aRelease({
      status: {
        phase: 'Promoting',
        acknowledged: [
          { id: '1', verb: 'promote', by: 'jane', reason: 'looked at it', accepted: true, result: 'accepted', at: '' },
        ],
      },
    });
    const cluster = memoryCluster(aDeployment(), promoted);
    const { code, out } = await run('status web -o yaml', cluster);
    expect([code, parse(out)]).toEqual([0, JSON.parse((await run('status web -o json', cluster)).out)]);
    expect(out).toContain('reason: looked at it');
    expect((await run('status web', cluster)).out).toContain('promote by jane (looked at it): accepted');
  });

  const several = memoryCluster(
    running,
    aRelease({
      name: 'api-1',
      spec: { workload: { kind: 'Deployment', name: 'api', uid: 'u' } },
      status: { phase: 'Failed' },
    }),
    aRelease({
      name: 'old-1',
      spec: { workload: { kind: 'Deployment', name: 'old', uid: 'u' } },
      status: { phase: 'Aborted' },
    }),
  );

  it('without a name shows what runs or is held', async () => {
    const { code, out } = await run('status', several);
    expect(code).toBe(0);
    expect(out.split('\n').filter((line) => line.startsWith('shop/'))).toEqual([
      'shop/api   Failed',
      'shop/web   Progressing   step 2/4   5 % of the traffic to the canary',
    ]);
  });

  it('without a name prints a List as JSON', async () => {
    const { out } = await run('status -o json', several);
    const { kind, items } = JSON.parse(out) as { kind: string; items: { metadata: { name: string } }[] };
    expect([kind, items.map(({ metadata }) => metadata.name)]).toEqual(['List', ['api-1', 'web-2']]);
  });

  it('C3: without a name prints a List as YAML', async () =>
    expect(parse((await run('status -o yaml', several)).out)).toMatchObject({
      kind: 'List',
      items: [{ metadata: { name: 'api-1' } }, { metadata: { name: 'web-2' } }],
    }));

  it('without a name says when nothing runs', async () =>
    expect(await run('status')).toMatchObject({
      code: 0,
      out: '',
      err: 'No release is running or held in namespace shop. kubectl sluice list shows the last ones.\n',
    }));
});

describe('list', () => {
  const cluster = memoryCluster(
    running,
    aDeployment(),
    aDeployment({ name: 'api' }),
    aDeployment({ name: 'plain', annotations: {} }),
    aDeployment({ name: 'web', namespace: 'test' }),
    aRelease({ name: 'web-1', createdAt: at(-9000), status: { phase: 'Succeeded' } }),
  );
  const names = (out: string): readonly string[] => out.split('\n').slice(1, -1);

  it('has a line for each workload that is opted in or was released, in the namespace', async () =>
    expect(names((await run('list', cluster)).out)).toEqual([
      'api        -             -      -        -       -     -         -    opted in; no release yet',
      'web        Progressing   2/4    5 %      -       3m    web-2     -',
    ]));

  it('reaches all namespaces', async () =>
    expect(names((await run('list -A', cluster)).out).map((line) => line.slice(0, 16).trim())).toEqual([
      'shop        api',
      'shop        web',
      'test        web',
    ]));

  it('prints the newest releases as JSON', async () => {
    const { out } = await run('list -o json', cluster);
    expect(JSON.parse(out)).toMatchObject({ kind: 'List', items: [{ metadata: { name: 'web-2' } }] });
  });

  it('says when there is nothing', async () =>
    expect(await run('list -A')).toMatchObject({
      code: 0,
      out: '',
      err: 'No workload of this cluster is opted in.\n',
    }));
});

describe('skip', () => {
  const skipping = (before: Record<string, string> = {}) => {
    const cluster = memoryCluster(aHeldDeployment('web-2', before), running);
    const written: (string | undefined)[] = [];
    cluster.admit = (object) => {
      written.push(object.metadata.annotations?.[annotations.skip]);
      return { ...object, spec: { ...object.spec, paused: false } };
    };
    return { cluster, written };
  };

  it('annotates the Deployment and says what that does', async () => {
    const { cluster, written } = skipping();
    const { code, out } = await run('skip web --reason INC-42', cluster);
    expect([code, written]).toEqual([0, ['INC-42']]);
    expect(out).toBe(
      'web: the rest of the release is skipped (INC-42). The new version rolls out natively at once, without checks; the canary is taken down.\nThis counts for this version only. Follow it with: kubectl rollout status deployment/web -n shop\n',
    );
  });

  it('makes a reason that is there from an earlier skip a new one', async () => {
    const { cluster, written } = skipping({ [annotations.skip]: 'INC-42' });
    expect((await run('skip web --reason INC-42', cluster)).code).toBe(0);
    expect(written).toEqual(['INC-42 (again)']);
  });

  it('makes a reason that has let this very version through before a new one', async () => {
    const before = withUsedSkip(undefined, templateHash(aHeldDeployment('web-2').spec.template), 'INC-42');
    const { cluster, written } = skipping({ [marks.skips]: before });
    expect((await run('skip web --reason INC-42', cluster)).code).toBe(0);
    expect(written).toEqual(['INC-42 (again)']);
  });

  it('fails when the webhook did not let the version through', async () => {
    const { cluster } = skipping();
    cluster.admit = (object) => object;
    expect(await run('skip web --reason INC-42', cluster)).toMatchObject({
      code: 1,
      out: '',
      err: "error: The annotation is on Deployment web, but it is still paused: Sluice's webhook has not seen the change.\nLook whether the webhook runs, then skip again.\n",
    });
  });
});

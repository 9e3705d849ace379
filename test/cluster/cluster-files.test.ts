import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { renderFiles } from './cluster-files.ts';
import { clustersRoot, layoutOf, USERS } from './layout.ts';
import { renderStaticTargets } from './prometheus-config.ts';

const layout = layoutOf('/clusters/a');

const tokens = Object.fromEntries(USERS.map((user) => [user, `token-of-${user}`])) as Record<
  (typeof USERS)[number],
  string
>;

describe('the files', () => {
  const files = renderFiles(layout, tokens, [{ job: 'sluice', targets: ['10.244.0.1:9100'] }]);

  test('each user of the API has its own token in its own kubeconfig', () => {
    const lines = files.get(layout.tokens)?.trim().split('\n');
    expect(lines).toHaveLength(USERS.length);
    for (const user of USERS) {
      const name = user === 'kube-controller-manager' ? 'system:kube-controller-manager' : user;
      expect(lines).toContain(`token-of-${user},${name},${user},"system:masters"`);
      const { users } = parse(files.get(layout.kubeconfig(user)) ?? '') as { users: unknown[] };
      expect(users).toEqual([{ name: user, user: { token: `token-of-${user}` } }]);
    }
  });

  test('static targets keep their job and path', () => {
    const text = renderStaticTargets([{ job: 'j', targets: ['a:1'], path: '/m', labels: { x: 'y' } }]);
    expect(JSON.parse(text)).toEqual([{ targets: ['a:1'], labels: { x: 'y', job: 'j', __metrics_path__: '/m' } }]);
  });

  test.each([
    [{ SLUICE_CLUSTERS: '/s', XDG_RUNTIME_DIR: '/run/user/1' }, '/s/sluice-clusters'],
    [{ XDG_RUNTIME_DIR: '/run/user/1' }, '/run/user/1/sluice-clusters'],
  ])('for %j clusters are in %s', (env, expected) => {
    expect(clustersRoot(env)).toBe(expected);
  });
});

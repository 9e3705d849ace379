import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { folder } from '../../test/kube/kube-kit.ts';
import { findConnection } from './kubeconfig.ts';

const config = (server: string, rest: object = {}): string =>
  JSON.stringify({
    'current-context': 'main',
    clusters: [{ name: 'one', cluster: { server } }],
    users: [{ name: 'me', user: { token: `token of ${server}` } }],
    contexts: [{ name: 'main', context: { cluster: 'one', user: 'me' } }],
    ...rest,
  });
const file = (text: string, path = join(folder(), 'config')): string => {
  writeFileSync(path, text);
  return path;
};
/** A pod's mounted service account. */
const serviceAccount = (): string => {
  const place = folder();
  for (const [name, text] of [
    ['token', 't'],
    ['ca.crt', 'c'],
    ['namespace', 'shop\n'],
  ] as const)
    writeFileSync(join(place, name), text);
  return place;
};
const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

describe('where a cluster is looked for', () => {
  const home = (): string => {
    const place = folder();
    mkdirSync(join(place, '.kube'));
    file(config('https://home'), join(place, '.kube', 'config'));
    return place;
  };

  test('in this order: the path given, $KUBECONFIG, the home folder, the pod', () => {
    const serviceAccountFolder = serviceAccount();
    const everything = { ...pod, KUBECONFIG: file(config('https://variable')), HOME: home() };
    const kubeconfig = file(config('https://given'));
    const server = (options: Parameters<typeof findConnection>[0]): string => findConnection(options).server;
    expect(server({ env: everything, kubeconfig, serviceAccountFolder })).toBe('https://given');
    expect(server({ env: everything, serviceAccountFolder })).toBe('https://variable');
    expect(server({ env: { ...everything, KUBECONFIG: '' }, serviceAccountFolder })).toBe('https://home');
    expect(server({ env: { ...pod, HOME: '/nowhere' }, serviceAccountFolder })).toBe('https://10.0.0.1:443');
  });

  test('a pod knows its certificate authority, token and namespace', () => {
    const place = serviceAccount();
    expect(
      findConnection({ env: { ...pod, KUBERNETES_SERVICE_HOST: 'fd00::1' }, serviceAccountFolder: place }),
    ).toMatchObject({
      server: 'https://[fd00::1]:443',
      cluster: { caFile: join(place, 'ca.crt'), skipTLSVerify: false },
      tokenFile: join(place, 'token'),
      namespace: 'shop',
    });
  });

  test('nowhere: the error says what was looked for', () => {
    const nowhere = { env: { HOME: '/nowhere' }, serviceAccountFolder: '/nowhere' };
    expect(() => findConnection(nowhere)).toThrow(
      'no kubeconfig was given, there is no /nowhere/.kube/config, and this is not a pod',
    );
  });
});

describe('a kubeconfig', () => {
  test('of several files: the first that names something wins, files that are not there are passed over', () => {
    const first = file(config('https://first'));
    const contexts = [{ name: 'other', context: { cluster: 'two', user: 'me', namespace: 'bank' } }];
    const clusters = [
      { name: 'one', cluster: { server: 'https://late' } },
      { name: 'two', cluster: { server: 'https://two/' } },
    ];
    const second = file(config('unused', { 'current-context': 'other', clusters, contexts }));
    const env = { KUBECONFIG: `/not/there:${first}:${second}` };
    expect(findConnection({ env })).toMatchObject({
      server: 'https://first',
      user: { token: 'token of https://first' },
    });
    expect(findConnection({ env, context: 'other' })).toMatchObject({ server: 'https://two', namespace: 'bank' });
  });

  test('with relative paths: they are relative to its own folder', () => {
    const place = folder();
    const path = file(
      config('unused', {
        clusters: [{ name: 'one', cluster: { server: 'https://x', 'certificate-authority': 'pki/ca.crt' } }],
        users: [
          { name: 'me', user: { 'client-certificate': 'me.crt', 'client-key': '/abs/me.key', tokenFile: 'token' } },
        ],
      }),
      join(place, 'config'),
    );
    const connection = findConnection({ env: {}, kubeconfig: path });
    expect(connection.cluster.caFile).toBe(join(place, 'pki/ca.crt'));
    expect(connection.user).toMatchObject({ certFile: join(place, 'me.crt'), keyFile: '/abs/me.key' });
    expect(connection.tokenFile).toBe(join(place, 'token'));
  });

  test('that acts as somebody else', () => {
    const users = [{ name: 'me', user: { token: 't', as: 'jane', 'as-groups': ['on-call'] } }];
    expect(findConnection({ env: {}, kubeconfig: file(config('https://x', { users })) }).impersonate).toEqual({
      user: 'jane',
      groups: ['on-call'],
    });
  });

  test('in YAML, with a user that is not there', () => {
    const yaml = `
apiVersion: v1
kind: Config
current-context: main
clusters: [{ name: one, cluster: { server: "https://x" } }]
contexts: [{ name: main, context: { cluster: one } }]
`;
    expect(findConnection({ env: {}, kubeconfig: file(yaml) })).toMatchObject({ server: 'https://x' });
  });

  test.each([
    ['no context is chosen', config('x', { 'current-context': '' }), 'no context'],
    ['the context is not there', config('x', { 'current-context': 'other' }), 'no context "other"'],
    ['the cluster is not there', config('x', { clusters: [] }), 'no cluster "one"'],
    ['a cluster has no server', config('x', { clusters: [{ name: 'one', cluster: {} }] }), 'server is missing'],
    ['it is empty', '', 'no context'],
  ])('is refused when %s', (_when, text, message) => {
    expect(() => findConnection({ env: {}, kubeconfig: file(text) })).toThrow(message);
  });
});

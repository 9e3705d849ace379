/**
 * Writes an authority into webhook configurations as cert-manager's cainjector does: for each one whose annotation names a
 * certificate, whenever it or the certificate's Secret changes, into every webhook, whether or not that changes anything.
 */
import { certificatesIn } from '../../src/certs/material.ts';
import type { Gvk, JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Api } from '../../src/kube/api.ts';
import { objectPath } from '../../src/kube/api-path.ts';
import { clusterWriter } from '../../src/kube/cluster-writer.ts';
import { connectCluster } from '../../src/kube/cluster.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { inTime } from '../cluster/in-time.ts';
import { memoryLog } from '../kube/memory-log.ts';

export const injectFrom = 'cert-manager.io/inject-ca-from';

export type InjectorOptions = {
  readonly api: Api;
  /** Of the configurations and of the Secret. */
  readonly name: string;
  readonly namespace: string;
  /** The whole object, or by server-side apply the bundles alone (feature gate ServerSideApply). */
  readonly writes: 'update' | 'apply';
  /** Authorities that are there stay (feature gate CAInjectorMerging). */
  readonly merges: boolean;
};

export type Injector = {
  /** Resolves when it has seen everything that is stored now and has nothing left to do. */
  quiet(): Promise<unknown>;
  /** Writes so far. */
  written(): number;
  stop(): Promise<void>;
};

type Webhook = JsonObject & { readonly name: string; readonly clientConfig: { readonly caBundle?: string } };
type Configuration = KubeObject & { readonly webhooks: readonly Webhook[] };

const targets = [kinds.mutatingWebhook, kinds.validatingWebhook];
const fieldManager = 'cert-manager-cainjector';

export const startInjector = async (options: InjectorOptions): Promise<Injector> => {
  const { api, name, namespace } = options;
  const secret = { gvk: kinds.secret, namespace, name };
  const view = connectCluster({
    api,
    clock: systemClock,
    log: memoryLog(),
    watch: [secret, ...targets.map((gvk) => ({ gvk, name }))],
  });
  const writer = clusterWriter({ api, fieldManager, seen: { written: () => undefined, gone: () => undefined } });
  let written = 0;
  let going = true;
  const seen = new Map<Gvk, string | undefined>();

  const inject = async (gvk: Gvk): Promise<void> => {
    const [target, from] = await Promise.all([writer.fetch({ gvk, name }), writer.fetch(secret)]);
    seen.set(gvk, target?.metadata.resourceVersion);
    const ca = (from as unknown as { readonly data?: Readonly<Record<string, string>> } | undefined)?.data?.['ca.crt'];
    if (target?.metadata.annotations?.[injectFrom] !== `${namespace}/${name}` || ca === undefined) return;
    const injected = withAuthority(target as Configuration, ca, options.merges);
    const stored =
      options.writes === 'update'
        ? await writer.replace(injected, gvk)
        : await api.request({ ...applied(injected, gvk), what: 'inject' });
    written += 1;
    seen.set(gvk, (stored as unknown as KubeObject).metadata.resourceVersion);
  };

  // One at a time for each configuration; what fails (a conflict, an entry that has gone) is tried again.
  const queues = new Map<Gvk, Promise<void>>(targets.map((gvk) => [gvk, Promise.resolve()]));
  const waiting = new Map<Gvk, number>();
  const enqueue = (gvk: Gvk): void => {
    waiting.set(gvk, (waiting.get(gvk) ?? 0) + 1);
    const before = queues.get(gvk) ?? Promise.resolve();
    const turn = before.then(async () => {
      const failed = going && (await inject(gvk).then(...outcome));
      waiting.set(gvk, (waiting.get(gvk) ?? 1) - 1);
      if (failed) enqueue(gvk);
    });
    queues.set(gvk, turn);
  };
  view.onChange(({ gvk }) => {
    if (gvk.kind === kinds.secret.kind) targets.forEach(enqueue);
    else enqueue(gvk);
  });
  await inTime('the injector to see everything', view.ready);
  targets.forEach(enqueue);
  const isQuiet = async (gvk: Gvk): Promise<boolean> => {
    const stored = (await writer.fetch({ gvk, name }))?.metadata.resourceVersion;
    return waiting.get(gvk) === 0 && seen.get(gvk) === stored;
  };
  return {
    quiet: () =>
      waitUntil('the injector to have nothing to do', async () =>
        (await Promise.all(targets.map(isQuiet))).every(Boolean),
      ),
    written: () => written,
    stop: async () => {
      going = false;
      await inTime('the injector to end', Promise.all([view.stop(), ...queues.values()]));
    },
  };
};

const outcome = [() => false, () => true] as const;

const withAuthority = (target: Configuration, ca: string, merges: boolean): Configuration => ({
  ...target,
  webhooks: target.webhooks.map((webhook) => {
    const before = merges ? (webhook.clientConfig.caBundle ?? '') : '';
    return { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle: merged(before, ca) } };
  }),
});

const merged = (before: string, ca: string): string => {
  const all = [before, ca].flatMap((bundle) => certificatesIn(Buffer.from(bundle, 'base64').toString()));
  return Buffer.from([...new Set(all)].join('')).toString('base64');
};

const applied = ({ apiVersion, kind, metadata, webhooks }: Configuration, gvk: Gvk) => {
  const body = {
    apiVersion,
    kind,
    metadata: { name: metadata.name },
    webhooks: webhooks.map(({ name, clientConfig }) => ({
      name,
      clientConfig: { caBundle: clientConfig.caBundle ?? null },
    })),
  };
  return {
    method: 'PATCH',
    path: objectPath({ gvk, name: metadata.name }),
    contentType: 'application/apply-patch+yaml',
    query: { fieldManager, force: 'true' },
    body: body as unknown as JsonObject,
  } as const;
};

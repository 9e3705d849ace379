/** Tells API servers which authorities the webhook's certificate may come from. */
import { kinds, type Gvk, type KubeObject, type ObjectRef } from '../core/kube-object.ts';
import { ClusterError, type ClusterWriter, type JsonPatchOp } from '../ports/cluster.ts';

/** `missing`: one of the configurations is not there yet, so there is more to do later. */
export type Trusted = 'unchanged' | 'changed' | 'missing';

type Configurations = Pick<ClusterWriter, 'fetch' | 'patch'>;

const attempts = 5;

/** Puts the bundle (PEM) into every webhook of both configurations of that name. Rejects with ClusterError only. */
export const trustAuthority = async (cluster: Configurations, name: string, bundle: string): Promise<Trusted> => {
  const caBundle = Buffer.from(bundle).toString('base64');
  const results: Trusted[] = [];
  for (const gvk of [kinds.mutatingWebhook, kinds.validatingWebhook]) {
    results.push(await trustIn(cluster, { gvk, name }, caBundle));
  }
  return results.find((one) => one === 'missing') ?? results.find((one) => one === 'changed') ?? 'unchanged';
};

const trustIn = async (
  cluster: Configurations,
  ref: ObjectRef & { readonly gvk: Gvk },
  caBundle: string,
): Promise<Trusted> => {
  for (let attempt = 1; ; attempt += 1) {
    const configuration = await cluster.fetch(ref);
    if (configuration === undefined) return 'missing';
    const body = patchFor(configuration, caBundle);
    if (body.length === 0) return 'unchanged';
    try {
      const { resourceVersion } = configuration.metadata;
      // The patch names webhooks by their place in the list: it must be the list that was read.
      const guard = resourceVersion === undefined ? {} : { resourceVersion };
      await cluster.patch(ref, { type: 'json', body }, guard);
      return 'changed';
    } catch (error) {
      const raced = error instanceof ClusterError && error.reason === 'conflict';
      if (!raced || attempt === attempts) throw error;
    }
  }
};

type Webhook = { readonly clientConfig?: { readonly caBundle?: string } };

const patchFor = (configuration: KubeObject, caBundle: string): readonly JsonPatchOp[] => {
  const { webhooks = [] } = configuration as KubeObject & { readonly webhooks?: readonly Webhook[] };
  return webhooks.flatMap(({ clientConfig }, i) =>
    clientConfig?.caBundle === caBundle
      ? []
      : [{ op: 'add' as const, path: `/webhooks/${i}/clientConfig/caBundle`, value: caBundle }],
  );
};

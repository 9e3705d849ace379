/** Writes the trusted authorities into the webhook configurations (`caBundle`). */
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { ClusterWriter } from '../ports/cluster.ts';
import type { JsonPatchOp } from '../values/json-pointer.ts';
import { patchGuarded, type Patched } from '../ports/patch-guarded.ts';
import { certificatesIn } from './material.ts';

/** `missing`: one of the configurations does not exist yet, so the call must be repeated. */
export type Trusted = Patched;

type Configurations = Pick<ClusterWriter, 'fetch' | 'patch'>;

const configurations = [kinds.mutatingWebhook, kinds.validatingWebhook];

/**
 * Writes the bundle (PEM) into every webhook of both configurations of that name. With `spare`, bundles that contain
 * more are left alone. Rejects with ClusterError only.
 */
export const trustAuthority = async (
  cluster: Configurations,
  name: string,
  bundle: string,
  spare = false,
): Promise<Trusted> => {
  const results: Trusted[] = [];
  for (const gvk of configurations)
    results.push(await patchGuarded(cluster, { gvk, name }, (found) => patchFor(found, { bundle, spare })));
  return results.find((one) => one === 'missing') ?? results.find((one) => one === 'changed') ?? 'unchanged';
};

/** The bundle (PEM) of every webhook of both configurations; empty if it has none. Rejects with ClusterError only. */
export const trustedAuthorities = async (
  cluster: Pick<ClusterWriter, 'fetch'>,
  name: string,
): Promise<readonly string[]> => {
  const found = await Promise.all(configurations.map((gvk) => cluster.fetch({ gvk, name })));
  return found.flatMap((one) => webhooksIn(one).map(bundleOf));
};

type Wanted = { readonly bundle: string; readonly spare: boolean };
type Webhook = { readonly clientConfig?: { readonly caBundle?: string } };

const webhooksIn = (configuration: KubeObject | undefined): readonly Webhook[] =>
  (configuration as { readonly webhooks?: readonly Webhook[] } | undefined)?.webhooks ?? [];

const bundleOf = ({ clientConfig }: Webhook): string => Buffer.from(clientConfig?.caBundle ?? '', 'base64').toString();

const patchFor = (configuration: KubeObject, { bundle, spare }: Wanted): readonly JsonPatchOp[] => {
  const value = Buffer.from(bundle).toString('base64');
  const wanted = certificatesIn(bundle);
  return webhooksIn(configuration).flatMap((webhook, i) => {
    const live = bundleOf(webhook);
    const enough = live === bundle || (spare && wanted.every((one) => certificatesIn(live).includes(one)));
    return enough ? [] : [{ op: 'add' as const, path: `/webhooks/${i}/clientConfig/caBundle`, value }];
  });
};

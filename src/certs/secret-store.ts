/**
 * Stores the material in a Secret. When replicas race, the API server picks the winner and the others load its
 * material.
 */
import type { KubeObject, ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { ClusterError, type ClusterWriter } from '../ports/cluster.ts';
import { labels, managedBy } from '../schema/names.ts';
import type { CertificateStore } from './certificate-store.ts';
import type { Material } from './material.ts';

type Secret = KubeObject & { readonly type?: string; readonly data?: { readonly [key: string]: string } };

const files = {
  serving: ['tls.crt', 'tls.key'],
  authority: ['ca.crt', 'ca.key'],
  previous: 'ca-previous.crt',
} as const;

/** Keeps other keys of the Secret. Rejects with ClusterError only. */
export const secretStore = (
  cluster: Pick<ClusterWriter, 'create' | 'replace' | 'fetch'>,
  name: { readonly namespace: string; readonly name: string },
): CertificateStore => {
  const ref: ObjectRef = { gvk: kinds.secret, ...name };
  // As last read, so that a replacement keeps the Secret's other content.
  let last: Secret | undefined;
  return {
    load: async () => {
      last = await cluster.fetch(ref);
      const material = materialIn(last);
      return { version: last?.metadata.resourceVersion, ...(material === undefined ? {} : { material }) };
    },
    save: (material, version) => {
      const base = last !== undefined && last.metadata.resourceVersion === version ? last : blank(name, version);
      const secret: Secret = { ...base, data: { ...base.data, ...dataOf(material) } };
      return lostIfRaced(
        version === undefined ? cluster.create(secret, kinds.secret) : cluster.replace(secret, kinds.secret),
      );
    },
  };
};

const blank = (name: { readonly namespace: string; readonly name: string }, resourceVersion?: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    ...name,
    labels: { [labels.managedBy]: managedBy },
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  },
  type: 'kubernetes.io/tls',
});

const lostIfRaced = async (write: Promise<unknown>): Promise<'saved' | 'lost'> => {
  try {
    await write;
    return 'saved';
  } catch (error) {
    const raced = error instanceof ClusterError && ['already-exists', 'conflict', 'not-found'].includes(error.reason);
    if (raced) return 'lost';
    throw error;
  }
};

const encoded = (pem: string): string => Buffer.from(pem).toString('base64');

const dataOf = ({ serving, authority, previous }: Material): { readonly [key: string]: string } => ({
  [files.serving[0]]: encoded(serving.cert),
  [files.serving[1]]: encoded(serving.key),
  [files.authority[0]]: encoded(authority.cert),
  [files.authority[1]]: encoded(authority.key),
  [files.previous]: encoded(previous ?? ''),
});

const materialIn = (secret: Secret | undefined): Material | undefined => {
  const read = (key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
  const [cert, key, caCert, caKey, previous] = [...files.serving, ...files.authority, files.previous].map(read);
  if (!cert || !key || !caCert || !caKey) return undefined;
  return {
    serving: { cert, key },
    authority: { cert: caCert, key: caKey },
    ...(previous ? { previous } : {}),
  };
};

/** The Secret's decoded values by key, or undefined if it does not exist. Rejects with ClusterError only. */
export const secretFiles = async (
  cluster: Pick<ClusterWriter, 'fetch'>,
  name: { readonly namespace: string; readonly name: string },
): Promise<{ readonly [file: string]: string } | undefined> => {
  const secret: Secret | undefined = await cluster.fetch({ gvk: kinds.secret, ...name });
  if (secret === undefined) return undefined;
  const entries = Object.entries(secret.data ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
};

/** Detects another `dev` for the same cluster and namespace: both would install objects with the same names. */
import { connect } from 'node:tls';
import type { ClusterWriter } from '../ports/cluster.ts';
import { kinds } from '../schema/kinds.ts';

/** Time for a handshake. The port of a killed process refuses at once; a suspended process never answers. */
const answersWithin = 2000;

type ClientConfig = { readonly url?: string; readonly caBundle?: string };
type Reader = Pick<ClusterWriter, 'fetch'>;

const clientConfigOf = async (cluster: Reader, name: string): Promise<ClientConfig | undefined> => {
  const found = await cluster.fetch({ gvk: kinds.mutatingWebhook, name });
  const webhooks = (found as { readonly webhooks?: readonly { readonly clientConfig?: ClientConfig }[] } | undefined)
    ?.webhooks;
  return webhooks?.[0]?.clientConfig;
};

const originOf = ({ url }: ClientConfig): URL | undefined => {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed === null ? undefined : new URL(parsed.origin);
};

/** Whether the other `dev` answers. Only that process has a certificate from its authority, so the answer is certain. */
const answers = (origin: URL, ca: string): Promise<boolean> =>
  new Promise((resolve) => {
    const host = origin.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(origin.port || 443), ca });
    const end = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.setTimeout(answersWithin, () => end(false));
    socket.once('secureConnect', () => end(socket.authorized));
    socket.once('error', () => end(false));
  });

/** The address that the webhook configurations of this name point at, if a process answers there. */
export const runningUnder = async (cluster: Reader, name: string): Promise<string | undefined> => {
  const config = await clientConfigOf(cluster, name);
  const origin = config === undefined ? undefined : originOf(config);
  if (origin === undefined || config?.caBundle === undefined) return undefined;
  const ca = Buffer.from(config.caBundle, 'base64').toString();
  return (await answers(origin, ca)) ? origin.origin : undefined;
};

/** Rejects if another one runs: this process would take its webhooks, and on exit remove its permissions. */
export const refuseBeside = async (cluster: Reader, name: string): Promise<void> => {
  const other = await runningUnder(cluster, name);
  if (other !== undefined)
    throw new Error(
      `another sluice dev runs in this cluster, at ${other}, with the webhook configurations ${name}. ` +
        'End it first, or work on another namespace with --namespace.',
    );
};

/** The address that the configurations point at instead of `own`, if another process has taken them over. */
export const takenOverBy = async (cluster: Reader, name: string, own: string): Promise<string | undefined> => {
  const config = await clientConfigOf(cluster, name);
  const origin = config === undefined ? undefined : originOf(config)?.origin;
  return origin === new URL(own).origin ? undefined : origin;
};

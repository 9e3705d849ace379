/** The source of the webhook's certificate: issued by Sluice itself, or supplied in a Secret. */
import type { Credential, ServingNames } from '../certs/authority.ts';
import type { CertificateStore } from '../certs/certificate-store.ts';
import { keepCertificates, type KeepOptions, type Keeper } from '../certs/keep-certificates.ts';
import { keepSupplied, type SuppliedTrust } from '../certs/keep-supplied.ts';
import { newPrivateKey } from '../certs/key-pair.ts';
import { secretFiles, secretStore } from '../certs/secret-store.ts';
import { trustAuthority, trustedAuthorities, type Trusted } from '../certs/trust.ts';
import type { WebhookConfig } from '../config/settings.ts';
import type { ClusterWriter } from '../ports/cluster.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../telemetry/log.ts';

export type Serving = {
  readonly use: (credential: Credential) => void;
  /** The actual port, or the requested one while it is not open. */
  readonly port: () => Promise<number>;
};

/** Starts managing the certificate, and passes every certificate that the server is to use to `use`. */
export type Certificates = (serving: Serving) => Promise<Keeper>;

type Surroundings = {
  readonly cluster: Pick<ClusterWriter, 'create' | 'replace' | 'fetch' | 'patch'>;
  /** The API server's clock, by which the API server judges certificates. */
  readonly serverClock: Clock;
  readonly log: Log;
};

export type SelfMadeOptions = Omit<Surroundings, 'cluster'> &
  Partial<Pick<KeepOptions, 'lifetimes' | 'settle' | 'newKey'>> & {
    readonly store: CertificateStore;
    readonly names: ServingNames;
    readonly trust: (bundle: string, port: number) => Promise<Trusted>;
  };

const restoredText = {
  certificate: 'somebody changed or deleted the stored certificate: the one in use was restored',
  trust: "somebody changed the trusted authority in the webhook configurations: Sluice's was restored",
} as const;

const failing =
  (log: Log) =>
  (err: unknown): void =>
    log.error({ err }, 'the certificate could not be checked; retrying in a minute');

type Times = Pick<KeepOptions, 'lifetimes' | 'settle'>;
const timesIn = ({ lifetimes, settle }: Times): Times => ({
  ...(lifetimes === undefined ? {} : { lifetimes }),
  ...(settle === undefined ? {} : { settle }),
});

/** Certificates from Sluice's own authority. */
export const selfMade =
  ({ store, names, trust, serverClock, log, newKey = newPrivateKey, ...times }: SelfMadeOptions): Certificates =>
  ({ use, port }) =>
    keepCertificates({
      ...timesIn(times),
      store,
      names,
      clock: serverClock,
      newKey,
      trust: async (bundle) => trust(bundle, await port()),
      use,
      failed: failing(log),
      restored: (what) => log.warn({ reason: what }, restoredText[what]),
    });

const supplied =
  (config: WebhookConfig, { cluster, serverClock, log }: Surroundings): Certificates =>
  ({ use }) => {
    const { certificateSecret: secret, webhookConfiguration: name, service } = config;
    const trust: SuppliedTrust =
      config.caBundle === 'leave'
        ? { by: 'others', read: () => trustedAuthorities(cluster, name) }
        : { by: 'us', publish: (bundle, spare) => trustAuthority(cluster, name, bundle, spare) };
    const where = `${secret.namespace}/${secret.name}`;
    return keepSupplied({
      load: () => secretFiles(cluster, secret),
      names: { dnsNames: [`${service.name}.${service.namespace}.svc`], ips: [] },
      clock: serverClock,
      trust,
      use,
      failed: failing(log),
      trouble: (reason) => {
        if (reason === undefined) log.info({}, `the certificate in ${where} is in use`);
        else log.error({ reason: 'certificate' }, `the certificate in ${where} cannot be used: ${reason}`);
      },
    });
  };

/** The certificates that the configuration asks for. */
export const certificatesFor = (config: WebhookConfig, surroundings: Surroundings): Certificates => {
  if (config.tls === 'secret') return supplied(config, surroundings);
  const { cluster } = surroundings;
  const { name, namespace } = config.service;
  return selfMade({
    ...surroundings,
    store: secretStore(cluster, config.certificateSecret),
    names: { dnsNames: [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`], ips: [] },
    trust: (bundle) => trustAuthority(cluster, config.webhookConfiguration, bundle),
  });
};

/**
 * Keeps the webhook's certificate valid and trusted: creates what is missing, renews in time, and switches without a
 * gap.
 *
 *   store ──► agreed? ──► renew or restore, save ──► authorities trusted ──► (settle) ──► in use ──► next renewal
 *     ▲                            │ lost
 *     └────────────────────────────┘
 */
import { X509Certificate } from 'node:crypto';
import type { Milliseconds } from '../values/time.ts';
import { pause, type Clock } from '../ports/clock.ts';
import { agree, type Agreement } from './agree.ts';
import type { Credential, ServingNames } from './authority.ts';
import type { CertificateStore } from './certificate-store.ts';
import { recheckTimer, type RecheckTimer } from './recheck-timer.ts';
import { defaultLifetimes, nextRenewal, renewed, trustBundle, type Lifetimes, type Material } from './material.ts';
import { repairBackoff, type RepairBackoff } from './repair-backoff.ts';
import type { Trusted } from './trust.ts';

export type KeepOptions = {
  readonly store: CertificateStore;
  readonly names: ServingNames;
  /** Should follow the API server's time, by which the API server judges the certificate. */
  readonly clock: Clock;
  /** PEM of a new RSA private key. */
  readonly newKey: () => Promise<string>;
  /** Makes API servers trust these authorities (PEM). */
  readonly trust: (bundle: string) => Promise<Trusted>;
  /** Serve with this from now on. */
  readonly use: (credential: Credential) => void;
  /** Called when a check fails. The certificate in use stays in use; the next check comes after `retryTime`. */
  readonly failed: (error: unknown) => void;
  /** Called when something Sluice had written was changed or deleted and has been restored. */
  readonly restored?: (what: 'certificate' | 'trust') => void;
  readonly lifetimes?: Lifetimes;
  /** How long API servers may take to read a changed webhook configuration. */
  readonly settle?: Milliseconds;
};

export type Keeper = {
  /**
   * To be called when the store or a webhook configuration has changed. Checks at once, or with growing delays while
   * somebody keeps undoing the repairs. Never rejects.
   */
  check(): Promise<void>;
  stop(): void;
  /** True if API servers will accept the certificate in use, otherwise the reason. */
  ready(): true | string;
};

/** API servers learn of a changed webhook configuration through a watch; this is ample time for it. */
export const settleTime: Milliseconds = 5_000;
/** Time until the next check after something was missing or failed. */
export const retryTime: Milliseconds = 60_000;

const maxRaces = 10;

type State = {
  readonly backoff: RepairBackoff;
  readonly recheckTimer: RecheckTimer;
  /** The material in use, including the authority's key: a deleted store is restored from this copy. */
  used: Material | undefined;
  /** The bundle last written into the webhook configurations. */
  published: string | undefined;
};

/** Resolves once a certificate is in use. Rejects if the store is unreachable or other writers keep changing it. */
export const keepCertificates = async (options: KeepOptions): Promise<Keeper> => {
  const backoff = repairBackoff(options.clock);
  const state: State = {
    backoff,
    recheckTimer: recheckTimer(options.clock, async () => {
      await takeUp(options, state, await ensure(options, state)).catch(failed);
    }),
    used: undefined,
    published: undefined,
  };
  const failed = (error: unknown): void => {
    options.failed(error);
    state.recheckTimer.lookAt(options.clock.now() + retryTime);
  };
  const material = await ensure(options, state);
  // Nothing is served yet, so serve even if publishing the authority fails; that is retried later.
  await takeUp(options, state, material).catch((error: unknown) => {
    serve(options, state, material);
    failed(error);
  });
  return {
    check: () => state.recheckTimer.lookAfter(backoff.wait()),
    stop: () => state.recheckTimer.stop(),
    ready: () => {
      const { validTo, validToDate } = new X509Certificate(state.used?.serving.cert ?? material.serving.cert);
      return options.clock.now() < validToDate.getTime() || `the certificate expired on ${validTo}`;
    },
  };
};

/** Publishes the authority first and serves the certificate only after that. */
const takeUp = async (options: KeepOptions, state: State, material: Material): Promise<void> => {
  const { clock, settle = settleTime } = options;
  const trusted = await publish(options, state, trustBundle(material, clock.now()));
  const changesOver = state.used !== undefined && state.used.serving.cert !== material.serving.cert;
  // Wait even if the bundle was already there: another replica may have written it a moment ago.
  if (changesOver) await pause(clock, settle);
  serve(options, state, material);
  state.recheckTimer.lookAt(trusted === 'missing' ? clock.now() + retryTime : nextRenewal(material));
};

const publish = async ({ trust, restored }: KeepOptions, state: State, bundle: string): Promise<Trusted> => {
  const trusted = await trust(bundle);
  if (trusted === 'changed' && state.published === bundle) {
    state.backoff.repaired();
    restored?.('trust');
  }
  // A configuration that is missing now will be created without our bundle: adding it then is not a repair.
  state.published = trusted === 'missing' ? undefined : bundle;
  return trusted;
};

const serve = ({ use }: KeepOptions, state: State, material: Material): void => {
  if (state.recheckTimer.stopped) return;
  if (state.used?.serving.cert !== material.serving.cert) use(material.serving);
  state.used = material;
};

/** The material that all replicas agree on: the first to save wins. */
const ensure = async (options: KeepOptions, state: State): Promise<Material> => {
  const { store, names, clock } = options;
  for (let race = 0; race < maxRaces; race += 1) {
    const { material: stored, version } = await store.load();
    // Read the clock only now: the store's response may have corrected it.
    const agreed = agree({ stored, used: state.used, names, now: clock.now() });
    if (agreed.kind === 'take') return agreed.material;
    const made = agreed.kind === 'restore' ? agreed.material : await renew(options, agreed);
    if ((await store.save(made, version)) === 'lost') continue;
    if (agreed.kind === 'restore') {
      state.backoff.repaired();
      options.restored?.('certificate');
    }
    return made;
  }
  throw new Error(`somebody else kept changing the stored certificate, ${maxRaces} times in a row`);
};

const renew = async (
  { names, clock, newKey, lifetimes = defaultLifetimes }: KeepOptions,
  { base, part }: Agreement & { readonly kind: 'renew' },
): Promise<Material> => {
  const keys = { serving: await newKey(), authority: part === 'authority' ? await newKey() : '' };
  return renewed({ material: base, names, now: clock.now(), lifetimes, keys });
};

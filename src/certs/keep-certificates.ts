/**
 * Keeps the webhook served and trusted: makes what is missing, renews in time, and changes over without a gap.
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
  /** The API server's idea of the time is what its verdict on a certificate depends on. */
  readonly clock: Clock;
  /** PEM of a new RSA private key. */
  readonly newKey: () => Promise<string>;
  /** Makes API servers trust these authorities (PEM). */
  readonly trust: (bundle: string) => Promise<Trusted>;
  /** Serve with this from now on. */
  readonly use: (credential: Credential) => void;
  /** A look that went wrong; the next one is a minute away. What is in use stays in use. */
  readonly failed: (error: unknown) => void;
  /** Something that was put in order before was found changed or gone, and is put in order again. */
  readonly restored?: (what: 'certificate' | 'trust') => void;
  readonly lifetimes?: Lifetimes;
  /** How long API servers may take to read a changed webhook configuration. */
  readonly settle?: Milliseconds;
};

export type Keeper = {
  /**
   * Looks now: to be called when the store or a webhook configuration has changed. Where somebody keeps undoing what is put in
   * order, the look comes later and later. Never rejects.
   */
  check(): Promise<void>;
  stop(): void;
  /** Whether the certificate in use is one API servers will accept: true, or why not. */
  ready(): true | string;
};

/** API servers read changed webhook configurations from a watch: this is ample. */
export const settleTime: Milliseconds = 5_000;
/** When to look again after something was missing or went wrong. */
export const retryTime: Milliseconds = 60_000;

const maxRaces = 10;

type State = {
  readonly pace: RepairBackoff;
  readonly recheckTimer: RecheckTimer;
  /** What is served with. Its authority's key is here too: this is the copy that a deleted store is restored from. */
  used: Material | undefined;
  /** What API servers were told last. */
  told: string | undefined;
};

/** Resolves once a certificate is in use. Rejects when the store cannot be reached, or races without an end. */
export const keepCertificates = async (options: KeepOptions): Promise<Keeper> => {
  const pace = repairBackoff(options.clock);
  const state: State = {
    pace,
    recheckTimer: recheckTimer(options.clock, async () => {
      await takeUp(options, state, await ensure(options, state)).catch(failed);
    }),
    used: undefined,
    told: undefined,
  };
  const failed = (error: unknown): void => {
    options.failed(error);
    state.recheckTimer.lookAt(options.clock.now() + retryTime);
  };
  const material = await ensure(options, state);
  // Nothing listens yet, so there is nothing to settle; without trust now, it is tried again later.
  await takeUp(options, state, material).catch((error: unknown) => {
    serve(options, state, material);
    failed(error);
  });
  return {
    check: () => state.recheckTimer.lookAfter(pace.wait()),
    stop: () => state.recheckTimer.stop(),
    ready: () => {
      const { validTo, validToDate } = new X509Certificate(state.used?.serving.cert ?? material.serving.cert);
      return options.clock.now() < validToDate.getTime() || `the certificate expired on ${validTo}`;
    },
  };
};

/** API servers trust first; only then is the certificate shown to them. */
const takeUp = async (options: KeepOptions, state: State, material: Material): Promise<void> => {
  const { clock, settle = settleTime } = options;
  const trusted = await tell(options, state, trustBundle(material, clock.now()));
  const changesOver = state.used !== undefined && state.used.serving.cert !== material.serving.cert;
  // Also when another replica has told them: it may have been a moment ago.
  if (changesOver) await pause(clock, settle);
  serve(options, state, material);
  state.recheckTimer.lookAt(trusted === 'missing' ? clock.now() + retryTime : nextRenewal(material));
};

const tell = async ({ trust, restored }: KeepOptions, state: State, bundle: string): Promise<Trusted> => {
  const trusted = await trust(bundle);
  if (trusted === 'changed' && state.told === bundle) {
    state.pace.repaired();
    restored?.('trust');
  }
  // What was not there when it was told has changed by nobody's hand but its maker's when it is.
  state.told = trusted === 'missing' ? undefined : bundle;
  return trusted;
};

const serve = ({ use }: KeepOptions, state: State, material: Material): void => {
  if (state.recheckTimer.stopped) return;
  if (state.used?.serving.cert !== material.serving.cert) use(material.serving);
  state.used = material;
};

/** The material all replicas agree on: whoever saves first is followed by the others. */
const ensure = async (options: KeepOptions, state: State): Promise<Material> => {
  const { store, names, clock } = options;
  for (let race = 0; race < maxRaces; race += 1) {
    const { material: stored, version } = await store.load();
    // After the answer of the store: it may have corrected the clock.
    const agreed = agree({ stored, used: state.used, names, now: clock.now() });
    if (agreed.kind === 'take') return agreed.material;
    const made = agreed.kind === 'restore' ? agreed.material : await renew(options, agreed);
    if ((await store.save(made, version)) === 'lost') continue;
    if (agreed.kind === 'restore') {
      state.pace.repaired();
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

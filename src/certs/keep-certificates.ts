/**
 * Keeps the webhook served and trusted: makes what is missing, renews in time, and changes over without a gap.
 *
 *   store ──► due? ──► renew, save ──► authorities trusted ──► (settle) ──► certificate in use ──► next renewal
 *     ▲                    │ lost
 *     └────────────────────┘
 */
import type { Instant, Milliseconds } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Credential, ServingNames } from './authority.ts';
import type { CertificateStore } from './certificate-store.ts';
import { defaultLifetimes, due, nextRenewal, renewed, trustBundle, type Lifetimes, type Material } from './material.ts';
import type { Trusted } from './trust.ts';

export type KeepOptions = {
  readonly store: CertificateStore;
  readonly names: ServingNames;
  readonly clock: Clock;
  /** PEM of a new RSA private key. */
  readonly newKey: () => Promise<string>;
  /** Makes API servers trust these authorities (PEM). */
  readonly trust: (bundle: string) => Promise<Trusted>;
  /** Serve with this from now on. */
  readonly use: (credential: Credential) => void;
  /** A look that went wrong; the next one is a minute away. What is in use stays in use. */
  readonly failed: (error: unknown) => void;
  readonly lifetimes?: Lifetimes;
};

export type Keeper = {
  /** Looks now: to be called when the store or a webhook configuration has changed. Never rejects. */
  check(): Promise<void>;
  stop(): void;
};

/** API servers read changed webhook configurations from a watch: this is ample. */
export const settleTime: Milliseconds = 5_000;
/** When to look again after something was missing or went wrong. */
export const retryTime: Milliseconds = 60_000;

const maxRaces = 10;

type State = {
  current: Credential | undefined;
  running: Promise<void> | undefined;
  /** Somebody asked for a look while one was under way: what that one has read may be out of date. */
  again: boolean;
  stopped: boolean;
  cancel: () => void;
};

/** Resolves once a certificate is in use. Rejects when the store cannot be reached, or races without an end. */
export const keepCertificates = async (options: KeepOptions): Promise<Keeper> => {
  const state: State = {
    current: undefined,
    running: undefined,
    again: false,
    stopped: false,
    cancel: () => undefined,
  };
  const material = await ensure(options);
  // Nothing listens yet, so there is nothing to settle; without trust now, it is tried again later.
  await takeUp(options, state, material).catch((error: unknown) => {
    serve(options, state, material);
    lookLater(options, state, error);
  });
  return {
    check: () => check(options, state),
    stop: () => {
      state.stopped = true;
      state.cancel();
    },
  };
};

const check = (options: KeepOptions, state: State): Promise<void> => {
  state.again = state.running !== undefined;
  state.running ??= look(options, state).finally(() => {
    state.running = undefined;
    return state.again && !state.stopped ? check(options, state) : undefined;
  });
  return state.running;
};

const look = async (options: KeepOptions, state: State): Promise<void> => {
  try {
    await takeUp(options, state, await ensure(options));
  } catch (error) {
    lookLater(options, state, error);
  }
};

const lookLater = (options: KeepOptions, state: State, error: unknown): void => {
  options.failed(error);
  lookAt(options, state, options.clock.now() + retryTime);
};

const lookAt = (options: KeepOptions, state: State, when: Instant): void => {
  const { clock } = options;
  state.cancel();
  if (!state.stopped) state.cancel = clock.after(Math.max(0, when - clock.now()), () => void check(options, state));
};

/** API servers trust first; only then is the certificate shown to them. */
const takeUp = async (options: KeepOptions, state: State, material: Material): Promise<void> => {
  const { clock, trust } = options;
  const trusted = await trust(trustBundle(material, clock.now()));
  const changesOver = state.current !== undefined && state.current.cert !== material.serving.cert;
  // Also when another replica has told them: it may have been a moment ago.
  if (changesOver) await pause(clock, settleTime);
  serve(options, state, material);
  lookAt(options, state, trusted === 'missing' ? clock.now() + retryTime : nextRenewal(material));
};

const serve = ({ use }: KeepOptions, state: State, { serving }: Material): void => {
  if (state.stopped || state.current?.cert === serving.cert) return;
  use(serving);
  state.current = serving;
};

const pause = (clock: Clock, delay: Milliseconds): Promise<void> =>
  new Promise((resolve) => void clock.after(delay, resolve));

/** The stored material, renewed where that is due. Replicas that do so at the same time end up with the same one. */
const ensure = async ({
  store,
  names,
  clock,
  newKey,
  lifetimes = defaultLifetimes,
}: KeepOptions): Promise<Material> => {
  for (let race = 0; race < maxRaces; race += 1) {
    const { material, version } = await store.load();
    const part = due(material, names, clock.now());
    if (part === 'nothing' && material !== undefined) return material;
    const keys = { serving: await newKey(), authority: part === 'authority' ? await newKey() : '' };
    const made = renewed({ material, names, now: clock.now(), lifetimes, keys });
    if ((await store.save(made, version)) === 'saved') return made;
  }
  throw new Error(`somebody else kept changing the stored certificate, ${maxRaces} times in a row`);
};

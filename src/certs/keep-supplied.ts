/**
 * Serves with a certificate that somebody else supplies and renews. What is wrong with a new one is told, and the last good
 * one stays in use.
 *
 *   Secret ──► good? ──► its authority trusted ──► (settle) ──► in use ──► (a minute) ──► authorities before forgotten
 *               │ no
 *               └──► told, looked at again when it changes
 */
import type { Instant, Milliseconds } from '../values/time.ts';
import { pause, type Clock } from '../ports/clock.ts';
import type { Credential, ServingNames } from './authority.ts';
import { retryTime, settleTime, type Keeper } from './keep-certificates.ts';
import { recheckTimer, type RecheckTimer } from './recheck-timer.ts';
import { certificatesIn } from './material.ts';
import { repairBackoff, type RepairBackoff } from './repair-backoff.ts';
import { comesFrom, inspect, type Inspection, type Supplied, type SuppliedFiles } from './supplied.ts';
import type { Trusted } from './trust.ts';

/** Who tells API servers which authority to trust. */
export type SuppliedTrust =
  /** We do, with `ca.crt`. `spare`: authorities that are there besides may stay. */
  | { readonly by: 'us'; readonly tell: (bundle: string, spare: boolean) => Promise<Trusted> }
  /** Somebody else does: we only wait for it. Bundles (PEM) of all webhooks, empty where the system's own count. */
  | { readonly by: 'others'; readonly read: () => Promise<readonly string[]> };

export type SuppliedOptions = {
  /** What is in the Secret, or undefined where there is none. */
  readonly load: () => Promise<SuppliedFiles | undefined>;
  readonly names: ServingNames;
  readonly clock: Clock;
  readonly trust: SuppliedTrust;
  readonly use: (credential: Credential) => void;
  /** A look that went wrong; the next one is a minute away. */
  readonly failed: (error: unknown) => void;
  /** What is wrong with what was supplied, once per change, and undefined when all is well again. */
  readonly trouble: (reason: string | undefined) => void;
  readonly settle?: Milliseconds;
};

/** All replicas are told of a new certificate within moments, and change over after settling. */
const overlap: Milliseconds = 60_000;

type State = {
  readonly recheckTimer: RecheckTimer;
  readonly pace: RepairBackoff;
  used: Supplied | undefined;
  /** Authorities of certificates before, which other replicas may still serve with. */
  before: readonly string[];
  overlapEnds: Instant;
  told: string | undefined;
  trouble: string | undefined;
};

/** Resolves after the first look, also where there is no good certificate yet: `use` is called when there is one. */
export const keepSupplied = async (options: SuppliedOptions): Promise<Keeper> => {
  const { clock, failed } = options;
  const state: State = {
    recheckTimer: recheckTimer(clock, async () => {
      await look(options, state).catch((error: unknown) => {
        failed(error);
        state.recheckTimer.lookAt(clock.now() + retryTime);
      });
    }),
    pace: repairBackoff(clock),
    used: undefined,
    before: [],
    overlapEnds: clock.now() + overlap,
    told: undefined,
    trouble: undefined,
  };
  await state.recheckTimer.lookAfter(0);
  return {
    check: () => state.recheckTimer.lookAfter(state.pace.wait()),
    stop: () => state.recheckTimer.stop(),
    ready: () => readiness(state, clock.now()),
  };
};

const readiness = ({ used, trouble }: State, now: Instant): true | string => {
  if (used !== undefined && now < used.expires) return true;
  return trouble ?? (used === undefined ? 'there is no certificate yet' : 'the certificate has expired');
};

const look = async (options: SuppliedOptions, state: State): Promise<void> => {
  const { load, names, clock } = options;
  const files = await load();
  const found: Inspection =
    files === undefined ? { ok: false, problems: ['the Secret is not there'] } : inspect(files, names, clock.now());
  if (!found.ok) {
    refuse(options, state, found);
    return;
  }
  const { supplied } = found;
  const changes = state.used !== undefined && state.used.credential.cert !== supplied.credential.cert;
  if (changes && state.used !== undefined) remember(state, state.used, clock.now());
  const trust = await trusted(options, state, supplied);
  if (trust === 'not-yet') {
    tellTrouble(options, state, 'API servers do not trust the authority of the new certificate yet');
    // Whoever looks after the trust changes a webhook configuration, which we are told of; but we do not wait for ever.
    if (state.used !== undefined) state.recheckTimer.lookAt(state.used.expires);
    return;
  }
  if (changes && trust === 'both') await pause(clock, options.settle ?? settleTime);
  takeUp(options, state, supplied);
};

const refuse = (options: SuppliedOptions, state: State, { problems, again }: Inspection & { ok: false }): void => {
  const now = options.clock.now();
  const good = state.used !== undefined && now < state.used.expires;
  tellTrouble(options, state, problems.join('; ') + (good ? '; the certificate before stays in use' : ''));
  const moments = [again, good ? state.used?.expires : undefined].filter((at) => at !== undefined && at > now);
  if (moments.length > 0) state.recheckTimer.lookAt(Math.min(...(moments as number[])));
};

const takeUp = (options: SuppliedOptions, state: State, supplied: Supplied): void => {
  if (state.recheckTimer.stopped) return;
  if (state.used?.credential.cert !== supplied.credential.cert) options.use(supplied.credential);
  state.used = supplied;
  tellTrouble(options, state, undefined);
  const now = options.clock.now();
  state.recheckTimer.lookAt(now < state.overlapEnds ? state.overlapEnds : supplied.expires);
};

const tellTrouble = ({ trouble }: SuppliedOptions, state: State, reason: string | undefined): void => {
  if (state.trouble !== reason) trouble(reason);
  state.trouble = reason;
};

const remember = (state: State, { authority }: Supplied, now: Instant): void => {
  state.before = certificatesIn(authority);
  state.overlapEnds = now + overlap;
};

/** `only-new`: API servers refuse the certificate in use from now on, so there is nothing to wait for. */
type Trust = 'not-yet' | 'both' | 'only-new';

/** Whether API servers will accept it; what can be done for that has been done then. */
const trusted = async (options: SuppliedOptions, state: State, supplied: Supplied): Promise<Trust> => {
  const { trust, clock } = options;
  if (trust.by === 'others') {
    const { used } = state;
    if (used === undefined || clock.now() >= used.expires) return 'both';
    const bundles = await trust.read();
    const accepted = ({ credential }: Supplied): boolean =>
      bundles.every((bundle) => bundle === '' || comesFrom(credential.cert, bundle));
    if (!accepted(supplied)) return 'not-yet';
    return accepted(used) ? 'both' : 'only-new';
  }
  const own = certificatesIn(supplied.authority);
  // Without `ca.crt` it is the system's authorities or somebody else's bundle that count.
  if (own.length === 0) return 'both';
  const overlapping = clock.now() < state.overlapEnds;
  const bundle = [...new Set([...own, ...(overlapping ? state.before : [])])].join('');
  const result = await trust.tell(bundle, overlapping);
  if (result === 'changed' && state.told === bundle) state.pace.repaired();
  state.told = bundle;
  return 'both';
};

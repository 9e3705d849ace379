/**
 * Serves with a certificate that somebody else supplies and renews. A bad new certificate is reported, and the last
 * good one stays in use.
 *
 *   Secret ──► good? ──► its authority trusted ──► (settle) ──► in use ──► (a minute) ──► previous authorities dropped
 *               │ no
 *               └──► reported, checked again when the Secret changes
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

/** Who writes the trusted authority into the webhook configurations. */
export type SuppliedTrust =
  /** Sluice does, from `ca.crt`. `spare`: other authorities in the configurations may stay. */
  | { readonly by: 'us'; readonly publish: (bundle: string, spare: boolean) => Promise<Trusted> }
  /** Somebody else does, and Sluice waits. Reads every webhook's bundle (PEM); empty means the system's authorities. */
  | { readonly by: 'others'; readonly read: () => Promise<readonly string[]> };

export type SuppliedOptions = {
  /** The Secret's content, or undefined if it does not exist. */
  readonly load: () => Promise<SuppliedFiles | undefined>;
  readonly names: ServingNames;
  readonly clock: Clock;
  readonly trust: SuppliedTrust;
  readonly use: (credential: Credential) => void;
  /** Called when a check fails; the next one comes after `retryTime`. */
  readonly failed: (error: unknown) => void;
  /** Called when the problem with the supplied certificate changes; undefined means that it is resolved. */
  readonly trouble: (reason: string | undefined) => void;
  readonly settle?: Milliseconds;
};

/** Within this time, all replicas have noticed a new certificate, settled and switched to it. */
const overlap: Milliseconds = 60_000;

type State = {
  readonly recheckTimer: RecheckTimer;
  readonly backoff: RepairBackoff;
  used: Supplied | undefined;
  /** Authorities of the previous certificate, with which other replicas may still serve. */
  previous: readonly string[];
  overlapEnds: Instant;
  /** The bundle last written into the webhook configurations. */
  published: string | undefined;
  trouble: string | undefined;
};

/** Resolves after the first check, even without a good certificate: `use` is called as soon as there is one. */
export const keepSupplied = async (options: SuppliedOptions): Promise<Keeper> => {
  const { clock, failed } = options;
  const state: State = {
    recheckTimer: recheckTimer(clock, async () => {
      await look(options, state).catch((error: unknown) => {
        failed(error);
        state.recheckTimer.lookAt(clock.now() + retryTime);
      });
    }),
    backoff: repairBackoff(clock),
    used: undefined,
    previous: [],
    overlapEnds: clock.now() + overlap,
    published: undefined,
    trouble: undefined,
  };
  await state.recheckTimer.lookAfter(0);
  return {
    check: () => state.recheckTimer.lookAfter(state.backoff.wait()),
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
    // Publishing the authority changes a webhook configuration, which triggers a check. If nobody publishes it, check
    // again when the certificate in use expires.
    if (state.used !== undefined) state.recheckTimer.lookAt(state.used.expires);
    return;
  }
  if (changes && trust === 'both') await pause(clock, options.settle ?? settleTime);
  takeUp(options, state, supplied);
};

const refuse = (options: SuppliedOptions, state: State, { problems, again }: Inspection & { ok: false }): void => {
  const now = options.clock.now();
  const good = state.used !== undefined && now < state.used.expires;
  tellTrouble(options, state, problems.join('; ') + (good ? '; the previous certificate stays in use' : ''));
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
  state.previous = certificatesIn(authority);
  state.overlapEnds = now + overlap;
};

/** `only-new`: API servers no longer accept the certificate in use, so switch without waiting. */
type Trust = 'not-yet' | 'both' | 'only-new';

/** Which certificates API servers accept, after publishing the new authority if that is Sluice's job. */
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
  // Without `ca.crt`, the system's authorities or a bundle from somebody else apply.
  if (own.length === 0) return 'both';
  const overlapping = clock.now() < state.overlapEnds;
  const bundle = [...new Set([...own, ...(overlapping ? state.previous : [])])].join('');
  const result = await trust.publish(bundle, overlapping);
  if (result === 'changed' && state.published === bundle) state.backoff.repaired();
  state.published = bundle;
  return 'both';
};

/** Keeps the selectors in the webhook configurations in step with the policies. */
import { withSelections } from '../manifests/selections.ts';
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { SelectingPolicy } from '../core/policy/opt-in.ts';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { ClusterWriter } from '../ports/cluster.ts';
import type { JsonPatchOp } from '../values/json-pointer.ts';
import { patchGuarded } from '../ports/patch-guarded.ts';

export type Selections = {
  /** Starts a comparison of the configurations with the policies. Returns at once. */
  readonly check: () => void;
  /** Resolves when nothing is in flight. */
  readonly stop: () => Promise<void>;
};

export type SelectionsSetup = {
  readonly cluster: Pick<ClusterWriter, 'fetch' | 'patch'>;
  /** Name of both configurations, the mutating and the validating one. */
  readonly configuration: string;
  /** Every policy with a selector, from the caches. */
  readonly policies: () => readonly SelectingPolicy[];
  readonly clock: Pick<Clock, 'after'>;
  readonly changed: (entries: number) => void;
  readonly failed: (error: unknown) => void;
};

const retry: Milliseconds = 10_000;

/**
 * Level-triggered: each pass compares the stored configurations with the policies of this moment. Other writers (other
 * replicas, Helm, a renewed certificate) and repeated passes do no harm.
 */
export const keepSelections = (setup: SelectionsSetup): Selections => {
  const { clock, failed } = setup;
  let wanted = false;
  let stopped = false;
  let cancelRetry = (): void => undefined;
  let looking: Promise<void> | undefined;
  const check = (): void => {
    wanted = true;
    looking ??= look().finally(() => (looking = undefined));
  };
  const look = async (): Promise<void> => {
    cancelRetry();
    while (wanted && !stopped) {
      wanted = false;
      try {
        await bringAbout(setup);
      } catch (error) {
        failed(error);
        cancelRetry = clock.after(retry, check);
      }
    }
  };
  return {
    check,
    stop: async () => {
      stopped = true;
      cancelRetry();
      await looking;
    },
  };
};

const bringAbout = async ({ cluster, configuration, policies, changed }: SelectionsSetup): Promise<void> => {
  const selecting = policies();
  for (const gvk of [kinds.mutatingWebhook, kinds.validatingWebhook]) {
    const done = await patchGuarded(cluster, { gvk, name: configuration }, (object) => patchFor(object, selecting));
    if (done === 'changed') changed(selecting.length);
  }
};

const patchFor = (configuration: KubeObject, policies: readonly SelectingPolicy[]): readonly JsonPatchOp[] => {
  const { webhooks = [] } = configuration as KubeObject & { readonly webhooks?: readonly JsonObject[] };
  const wanted = withSelections(webhooks, policies);
  return wanted === undefined ? [] : [{ op: 'replace', path: '/webhooks', value: wanted }];
};

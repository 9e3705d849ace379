/** R4: what would miss the canary and cannot be copied is said in the answer to the write. */
import { describe, expect, it } from '@jest/globals';
import { aDeployment } from '../../../test/support/a-deployment.ts';
import { anInput, optIn } from '../../../test/support/admission-input.ts';
import { apiVersionOf, type Deployment, type JsonObject, type Labels } from '../../values/kube-object.ts';
import type { SplitBy } from '../policy/provider-plan.ts';
import type { ProtectingObjects } from '../protection/companions.ts';
import { protectingKinds } from '../protection/protecting-kinds.ts';
import { decide, type Decision } from './decide.ts';
import type { DecideInput } from './facts.ts';

const named = (kind: string, name: string, spec: JsonObject): ProtectingObjects[number] => {
  const found = protectingKinds.find(({ use }) => use.gvk.kind === kind)!;
  const { gvk } = found.use;
  return {
    kind: found,
    objects: [{ apiVersion: apiVersionOf(gvk), kind, metadata: { name, namespace: 'shop' }, spec }],
  };
};
const web = { matchLabels: { app: 'web' } };
const [lock, budget] = [
  named('CiliumNetworkPolicy', 'lock', { endpointSelector: web }),
  named('PodDisruptionBudget', 'two', { selector: web, minAvailable: 2 }),
];

type Around = {
  readonly objects: ProtectingObjects;
  readonly by?: SplitBy;
  readonly labels?: Labels;
  readonly selector?: Labels;
} & Partial<Pick<DecideInput, 'operation' | 'warningsUnused'>>;

const decided = ({ objects, by = 'route', labels = {}, selector = {}, ...rest }: Around): Decision => {
  const workload = (image: string): Deployment => {
    const made = aDeployment({ image, annotations: optIn });
    const { template } = made.spec;
    const podLabels = { ...template.metadata?.labels, ...labels };
    return {
      ...made,
      spec: {
        ...made.spec,
        selector: { matchLabels: { ...made.spec.selector.matchLabels, ...selector } },
        template: { ...template, metadata: { ...template.metadata, labels: podLabels } },
      },
    };
  };
  const input = anInput(workload('web:1'), workload('web:2'));
  return decide({
    ...input,
    ...rest,
    policyOf: (object) => ({ ...input.policyOf(object), splitBy: by }),
    protecting: (namespace) => (namespace === 'shop' ? objects : []),
  });
};
const said = (around: Around): string => decided(around).warnings.join('\n');

describe('R4: a write that starts a release', () => {
  it('is told which policy keeps it from starting, and what to do', () => {
    const decision = decided({ objects: [lock] });
    expect(decision.case).toBe('released');
    expect(decision.warnings.find((line) => line.includes('lock'))).toBe(
      "the release does not start: CiliumNetworkPolicy lock: selects the pods of the workload and would miss the canary's, and cannot be copied for them: Sluice does not copy policies of Cilium. Let it select by a label that stays (the canary keeps all labels of the template but one), or opt the workload out.",
    );
  });

  it('is told which budget does not hold for the canary', () =>
    expect(said({ objects: [budget] })).toContain(
      'the canary runs without PodDisruptionBudget two, which cannot be copied: its minAvailable is a number of pods',
    ));

  it('is told of both where it brings the first version', () => {
    const words = said({ objects: [lock, budget], operation: 'CREATE' });
    expect([words.includes('CiliumNetworkPolicy lock'), words.includes('PodDisruptionBudget two')]).toEqual([
      true,
      true,
    ]);
  });

  it('is told of a ServerAuthorization that finds the Server of these pods by its labels', () => {
    const server = named('Server', 'http', { podSelector: web, port: 80 });
    const authorization = named('ServerAuthorization', 'all', { server: { selector: { matchLabels: { a: 'b' } } } });
    expect(said({ objects: [server, authorization] })).toContain('does not start: ServerAuthorization all');
    expect(said({ objects: [authorization] })).not.toContain('ServerAuthorization');
  });

  it('is told under which condition, where it is not known yet who splits', () =>
    expect(said({ objects: [lock], by: 'either' })).toContain(
      'where a route splits the traffic, the release does not start: CiliumNetworkPolicy lock',
    ));

  it('is told of five objects at most', () => {
    const many = Array.from({ length: 8 }, (_, i) =>
      named('PodDisruptionBudget', `b${i}`, { selector: web, minAvailable: 1 }),
    );
    const words = said({ objects: many });
    expect(words.match(/PodDisruptionBudget/g)).toHaveLength(5);
    expect(words).toContain('3 more objects would miss the canary');
  });

  it.each<[string, Around]>([
    ['what selects other pods', { objects: [named('PodDisruptionBudget', 'x', { selector: {}, minAvailable: 1 })] }],
    ['what can be copied', { objects: [named('PodDisruptionBudget', 'x', { selector: web, maxUnavailable: 1 })] }],
    ['anything where the number of pods is the split', { objects: [lock, budget], by: 'pods' }],
    ['anything where nobody reads it', { objects: [lock], warningsUnused: true }],
    [
      'what another label of the selector may spare',
      { objects: [lock], labels: { part: 'front' }, selector: { part: 'front' } },
    ],
  ])('is not told of %s', (_, around) => {
    const words = said(around);
    expect([words.includes('does not start'), words.includes('cannot be copied')]).toEqual([false, false]);
  });

  it('is told of what selects by every label of the selector', () => {
    const both = { app: 'web', part: 'front' };
    const objects = [named('CiliumNetworkPolicy', 'lock', { endpointSelector: { matchLabels: both } })];
    expect(said({ objects, labels: both, selector: both })).toContain('CiliumNetworkPolicy lock');
  });
});

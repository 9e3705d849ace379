/** The admission of an installation, asked in the moment of a write: the real decisions, called when the API server would. */
import type { KubeObject, Labels } from '../../src/values/kube-object.ts';
import { sameJson } from '../../src/values/same-json.ts';
import { admissionAnswers } from '../../src/core/admission/admission-answers.ts';
import type { AdmissionRequest, Answer } from '../../src/core/admission/admission-request.ts';
import { ClusterError, type ClusterView } from '../../src/ports/cluster.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Admission, Review } from '../../src/memory/memory-server.ts';
import { patched } from '../../src/memory/patches.ts';
import { requestTexts } from '../../src/core/requests/release-requests.ts';
import { webhookRules } from '../../src/main/webhook-rules.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { optInLabels, requestKey, splitAnnotation } from '../../src/schema/annotations.ts';
import { group, isOurs, kubernetesItself } from '../../src/schema/names.ts';

export type AdmissionParts = {
  /** What the webhook watches. */
  readonly view: ClusterView;
  readonly clock: Clock;
  /** User name of Sluice. */
  readonly sluice: string;
  /** For the person who writes. */
  readonly warn: (warnings: readonly string[]) => void;
};

export const sluiceAdmission = ({ view, clock, sluice, warn }: AdmissionParts): Admission => {
  const answers = admissionAnswers(webhookRules(view, sluice));
  const hear = (answer: Answer, review: Review): Answer => {
    if (!answer.allowed) throw denied(answer, review);
    warn(answer.warnings);
    return answer;
  };
  return (review) => {
    const { author, object, oldObject } = review;
    const request = requestOf(review);
    const own = author.user === sluice;
    if (!own && !isKubernetes(author.user) && [oldObject, object].some((one) => one !== undefined && isOurs(one)))
      hear(answers.guard(request, clock.now()), review);
    if (request.kind === 'Release' && request.operation === 'DELETE' && !own && !isKubernetes(author.user))
      hear(answers.guard(request, clock.now()), review);
    if (isRecord(request) && !own) hear(answers.validate(request, clock.now()), review);
    if (object === undefined || !(isAsked(review, own) || isInOptedIn(view, review, own))) return object;
    const { patch } = hear(answers.mutate(request, clock.now()), review);
    const next = patched(object, { type: 'json', body: patch }) as unknown as KubeObject;
    if (!isRoute(review)) hear(answers.validate({ ...request, object: next }, clock.now()), review);
    return next;
  };
};

const isKubernetes = (user: string): boolean =>
  user.startsWith(kubernetesItself.prefix) || kubernetesItself.users.some((one) => one === user);

const requestOf = ({ operation, ref, author, subresource, object, oldObject }: Review): AdmissionRequest => ({
  uid: 'question',
  operation,
  group: ref.gvk.group,
  kind: ref.gvk.kind,
  name: ref.name,
  user: author.user,
  dryRun: false,
  ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
  ...(subresource === undefined ? {} : { subResource: subresource }),
  ...(author.fieldManager === undefined ? {} : { fieldManager: author.fieldManager }),
  ...(object === undefined ? {} : { object }),
  ...(oldObject === undefined ? {} : { oldObject }),
});

const isRecord = ({ group: of, kind, operation, subResource }: AdmissionRequest): boolean =>
  of === group && kind === 'Release' && (operation === 'CREATE' || subResource === 'status');

const isRoute = ({ object, oldObject }: Review): boolean =>
  [object, oldObject].some((one) => one?.metadata.annotations?.[splitAnnotation] !== undefined);

/** What the match conditions of the configurations say, as far as the stories here come near them. */
const isAsked = (review: Review, own: boolean): boolean => {
  const { ref, object, oldObject } = review;
  if (isRoute(review)) return true;
  if (own) return false;
  if (ref.gvk.kind === 'Deployment') return changesARelease(object, oldObject);
  if (ref.gvk.kind === 'Release') return makesARequest(object, oldObject);
  return ref.gvk.group === group;
};

/** The entry for namespaces whose label opts them in. */
const isInOptedIn = (view: ClusterView, { ref, object, oldObject }: Review, own: boolean): boolean => {
  if (own || ref.gvk.kind !== kinds.deployment.kind || oldObject === undefined) return false;
  const labels = view.get({ gvk: kinds.namespace, name: ref.namespace ?? '' })?.metadata.labels;
  return labels?.[optInLabels.canary] === 'enabled' && rolls(object, oldObject);
};

const rolls = (object: KubeObject | undefined, old: KubeObject | undefined): boolean =>
  ['template', 'paused'].some((key) => !sameJson(object?.spec?.[key], old?.spec?.[key]));

const makesARequest = (object: KubeObject | undefined, old: KubeObject | undefined): boolean =>
  [...requestTexts(object?.metadata.annotations)].some(
    ([id, text]) => old?.metadata.annotations?.[requestKey(id)] !== text,
  );

const ours = (of: Labels = {}): Labels =>
  Object.fromEntries(Object.entries(of).filter(([key]) => key.startsWith(`${group}/`)));

const wordsOf = (object: KubeObject | undefined): Labels => ours(object?.metadata.annotations);

const changesARelease = (object: KubeObject | undefined, old: KubeObject | undefined): boolean => {
  const speaks = [object, old].some((one) => Object.keys(wordsOf(one)).length > 0);
  return (speaks && rolls(object, old)) || !sameJson(wordsOf(object), wordsOf(old));
};

const denied = ({ denial }: Answer, { operation, ref }: Review): ClusterError =>
  new ClusterError(
    denial?.code === 403 ? 'forbidden' : 'invalid',
    `${operation} ${ref.name}: admission webhook "sluice" denied the request: ${denial?.message ?? ''}`,
  );

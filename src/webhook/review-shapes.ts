/**
 * The shape of everything that answers read of a question, declared once. A field that is not declared here is not read
 * behind this edge, or is JSON of any shape to those who read it.
 *
 * An API server decodes Kubernetes' own kinds with types, so what does not fit comes from somebody else. Of kinds that
 * others define it knows what their schema says, which may be nothing: but for its metadata, an object of theirs may look
 * like anything, and is not refused for it.
 */
import { operations } from '../core/admission/admission-request.ts';
import { group } from '../schema/names.ts';
import { boolean, filledText, json, listOf, object, oneOf, text, texts, wholeNumber, type Shape } from './shape.ts';

/** Four times as long as any name in Kubernetes may be. What is too long for the API server is for it to refuse. */
const longestName = 1024;
const longestUid = 256;
/** No pod template or policy comes near. */
const deepest = 100;

const name = text(longestName);
const filledName = filledText(longestName);
const anyText = text(Infinity);

/** `request`, but for its objects. */
export const requestShape = object({
  uid: { required: filledText(longestUid) },
  kind: { required: object({ group: name, kind: { required: filledName } }) },
  operation: { required: oneOf(operations) },
  subResource: name,
  name,
  namespace: name,
  userInfo: { required: object({ username: { required: filledText(Infinity) }, uid: name }) },
  options: object({ fieldManager: name }),
  dryRun: boolean,
});

const owner = object({ kind: { required: name }, name: { required: name }, uid: { required: name } });

/** The metadata of every kind is Kubernetes' own. */
const metadata = object({
  name,
  namespace: name,
  uid: name,
  generation: wholeNumber,
  labels: texts,
  annotations: texts,
  ownerReferences: listOf(owner),
  managedFields: listOf(object({ manager: name })),
});

const meta = {
  apiVersion: { required: filledName },
  kind: { required: filledName },
  metadata: { required: metadata },
};

const container = object({ name: anyText, image: anyText, env: listOf(object({ name: anyText })) });

const podTemplate = object(
  {
    metadata: object({ labels: texts, annotations: texts }),
    spec: object({
      containers: listOf(container),
      initContainers: listOf(container),
      volumes: listOf(object({ name: anyText })),
    }),
  },
  deepest,
);

const deployment = object({
  ...meta,
  spec: {
    required: object({
      replicas: wholeNumber,
      paused: boolean,
      strategy: object({ type: anyText }),
      template: { required: podTemplate },
    }),
  },
  status: object({ availableReplicas: wholeNumber }),
});

const scale = object({ ...meta, status: object({ selector: anyText }) });

/** What is wrong with a policy is for the parser of policies to say, all of it at once. */
const policy = object({ ...meta, spec: json(deepest) });

const anyObject = object(meta);

const shapes: ReadonlyMap<string, Shape> = new Map([
  ['apps/Deployment', deployment],
  ['autoscaling/Scale', scale],
  [`${group}/CanaryPolicy`, policy],
  [`${group}/ClusterCanaryPolicy`, policy],
]);

/** The shape of the objects of a question about this kind. */
export const objectShape = (of: string, kind: string): Shape => shapes.get(`${of}/${kind}`) ?? anyObject;

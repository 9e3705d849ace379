/**
 * The shape of every field of an admission request that Sluice reads. A field that is not declared here is either not read
 * or treated as arbitrary JSON by its reader.
 *
 * An API server decodes built-in kinds into types, so a built-in object of another shape was not sent by one. The schema of
 * a custom resource may allow anything outside its metadata, so nothing else of it is checked.
 */
import { operations } from '../core/admission/admission-request.ts';
import { anyText, boolean, filledText, listOf, object, oneOf, text, texts, wholeNumber, type Shape } from './shape.ts';

/** Four times the longest name in Kubernetes, so that the API server itself rejects names that are only slightly too long. */
const longestName = 1024;
const longestUid = 256;

const name = text(longestName);
const filledName = filledText(longestName);

/** `request` without its objects. */
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

/** Metadata has the same shape in all kinds, custom ones included. */
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

const podTemplate = object({
  metadata: object({ labels: texts, annotations: texts }),
  spec: object({
    containers: listOf(container),
    initContainers: listOf(container),
    volumes: listOf(object({ name: anyText })),
  }),
});

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

/** Any other kind. Policies too: their parser reports everything that is wrong with a policy. */
const anyObject = object(meta);

const shapes: ReadonlyMap<string, Shape> = new Map([
  ['apps/Deployment', deployment],
  ['autoscaling/Scale', scale],
]);

/** The shape of `object` and `oldObject` in a request about this kind. */
export const objectShape = (of: string, kind: string): Shape => shapes.get(`${of}/${kind}`) ?? anyObject;

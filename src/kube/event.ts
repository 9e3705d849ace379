/** Turns a journal entry into an events.k8s.io/v1 Event. Pure. */
import { apiVersionOf, type JsonObject, type KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { Instant } from '../values/time.ts';
import type { JournalEntry, JournalSubject } from '../ports/journal.ts';

export type EventAuthor = {
  /** Which controller, such as `sluice.dev/controller`. */
  readonly controller: string;
  /** The process, such as the pod's name. */
  readonly instance: string;
};

/** Limits of events.k8s.io/v1, in bytes; the API server rejects longer values. */
const LONGEST_NOTE = 1024;
const LONGEST_WORD = 128;

/** Truncates text to `limit` bytes of UTF-8 without cutting a character in half. */
export const cutToBytes = (text: string, limit: number): string => {
  if (Buffer.byteLength(text) <= limit) return text;
  const room = Buffer.from(text).subarray(0, limit - Buffer.byteLength('…'));
  return `${new TextDecoder().decode(room, { stream: true })}…`;
};

/** The instant in the API's MicroTime format. */
export const microTime = (at: Instant): string => new Date(at).toISOString().replace('Z', '000Z');

const reference = ({ ref: { gvk, namespace, name }, uid }: JournalSubject): JsonObject => ({
  apiVersion: apiVersionOf(gvk),
  kind: gvk.kind,
  ...(namespace !== undefined && { namespace }),
  name,
  uid,
});

/** A copy of the entry. A text cut out of a request would keep the whole request in memory. */
export const ownEntry = (entry: JournalEntry): JournalEntry =>
  JSON.parse(JSON.stringify({ ...entry, note: cutToBytes(entry.note, LONGEST_NOTE) })) as JournalEntry;

/** Entries with the same key are repetitions of one event. */
export const seriesKey = ({ regarding, related, type, reason, action, note, id }: JournalEntry): string =>
  JSON.stringify(id === undefined ? [regarding.uid, related?.uid, type, reason, action, note] : [regarding.uid, id]);

/** A name has at most 253 bytes, and each dot-separated part ends in a letter or digit. */
const eventName = (subject: string, id: string): string => `${subject.slice(0, 200).replace(/[^a-z0-9]+$/, '')}.${id}`;

/**
 * `id` makes the name unique. Events about cluster-scoped objects go to `default`: the API server accepts no other
 * namespace.
 */
export const eventOf = (entry: JournalEntry, author: EventAuthor, at: Instant, id: string): KubeObject => {
  const { regarding, related } = entry;
  const event = {
    apiVersion: apiVersionOf(kinds.event),
    kind: kinds.event.kind,
    metadata: { name: eventName(regarding.ref.name, id), namespace: regarding.ref.namespace ?? 'default' },
    eventTime: microTime(at),
    reportingController: author.controller,
    reportingInstance: author.instance.slice(0, LONGEST_WORD),
    type: entry.type,
    reason: entry.reason.slice(0, LONGEST_WORD),
    action: entry.action.slice(0, LONGEST_WORD),
    note: cutToBytes(entry.note, LONGEST_NOTE),
    regarding: reference(regarding),
    ...(related !== undefined && { related: reference(related) }),
  };
  return event;
};

/** A merge patch that updates the event's repetition count. */
export const seriesPatch = (count: number, last: Instant): JsonObject => ({
  series: { count, lastObservedTime: microTime(last) },
});

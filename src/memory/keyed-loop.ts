/** A control loop that processes only the objects that a change concerns. */
import type { Gvk, KubeObject, ObjectRef } from '../values/kube-object.ts';
import type { Instant } from '../values/time.ts';
import { Alarms } from './alarms.ts';
import { controlLoop, unlessRefused, type ControlLoop } from './control-loop.ts';
import type { MemoryServer, ServerEvent } from './memory-server.ts';
import { inOrder } from './stored-objects.ts';

/** An object of the loop's kind. */
export type LoopKey = Pick<ObjectRef, 'namespace' | 'name'>;

export interface KeyedLoop extends ControlLoop {
  /** Processes every object now. */
  runAll(): void;
  /** Schedules the object for this time, even if paused, in place of an earlier alarm; undefined cancels it. */
  alarm(key: LoopKey, at: Instant | undefined): void;
}

export type KeyedOptions<T extends KubeObject> = {
  readonly gvk: Gvk<T>;
  /** Which objects a change concerns; undefined for a change that the loop does not watch. */
  readonly concerned: (event: ServerEvent) => readonly LoopKey[] | undefined;
  /**
   * Processes one object. Its own writes trigger another pass; a refused write is retried after the next change that the
   * loop watches.
   */
  readonly work: (object: T) => void;
};

/** Creates a loop that starts with every existing object. A pass processes objects in order of creation. */
export const keyedLoop = <T extends KubeObject>(server: MemoryServer, options: KeyedOptions<T>): KeyedLoop => {
  const { gvk, concerned, work } = options;
  const marked = new Set<string>();
  const mark = (key: LoopKey): void => void marked.add(textOf(key));
  const markAll = (): void => server.list(gvk).forEach(({ metadata }) => mark(metadata));
  const look = (): void => {
    const objects = inOrder([...marked].flatMap((text) => server.get({ gvk, ...keyOf(text) }) ?? []));
    marked.clear();
    for (const object of objects) {
      const isDone = unlessRefused(() => work(object));
      if (!isDone) mark(object.metadata);
    }
  };
  markAll();
  const loop = controlLoop(server, {
    concerns: (event) => {
      const keys = concerned(event);
      keys?.forEach(mark);
      return keys !== undefined && marked.size > 0;
    },
    work: look,
  });
  const alarms = new Alarms(server.clock, (keys) => {
    for (const key of keys) marked.add(key);
    loop.run();
  });
  return {
    ...loop,
    runAll: () => {
      markAll();
      loop.run();
    },
    alarm: (key, at) => alarms.set(textOf(key), at),
  };
};

const textOf = ({ namespace, name }: LoopKey): string => `${namespace ?? ''}/${name}`;

const keyOf = (text: string): LoopKey => {
  const [namespace = '', name = ''] = text.split('/');
  return namespace === '' ? { name } : { namespace, name };
};

/** Names of the controllers of an object that are of this kind, before a change and after it. */
export const controllersIn = ({ object, before }: ServerEvent, kind: string): readonly LoopKey[] =>
  [object, ...(before === undefined ? [] : [before])].flatMap(({ metadata: { namespace, ownerReferences = [] } }) =>
    ownerReferences
      .filter((owner) => owner.controller === true && owner.kind === kind)
      .map(({ name }): LoopKey => (namespace === undefined ? { name } : { namespace, name })),
  );

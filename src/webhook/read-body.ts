/** Reads the JSON bodies of requests within memory bounds that hold for any number of peers, however slowly they send. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

export type BodyBounds = {
  /** Largest body, in bytes. */
  readonly largest: number;
  /** Bytes that all unfinished bodies may hold together; beyond that, the oldest unfinished body is refused. */
  readonly together: number;
};

/** Why a body was refused: an HTTP status and a sentence. The sentence never quotes the body, which may hold secrets. */
export class BodyRefused extends Error {
  readonly status: 400 | 413 | 415 | 503;

  constructor(status: BodyRefused['status'], message: string) {
    super(message);
    this.status = status;
  }
}

const jsonType = /^application\/json *(; *charset="?utf-8"? *)?$/i;
/** Bytes allocated in advance when Content-Length announces them; a larger body gets memory as it arrives. */
const trusted = 128 * 1024;
/**
 * An oversized body is read and discarded up to this many times the limit, because a peer that is still writing does not
 * read the answer.
 */
const readOn = 2;

type Done = (result: Buffer | BodyRefused) => void;

/** Parses the body into `request.body`, or passes a BodyRefused to `next`. */
export const jsonBody = ({ largest, together }: BodyBounds): RequestHandler => {
  const [room, buffers] = [sharedRoom(together), spareBuffers()];
  return (request, response, next) => {
    const done: Done = (result) => {
      // The unread rest of the body must not be taken for the next request.
      if (!request.complete) response.setHeader('Connection', 'close');
      const read = result instanceof BodyRefused ? result : parsed(result);
      if (read instanceof BodyRefused) next(read);
      else {
        request.body = read.value;
        next();
      }
    };
    const refused = refusedUnread(request);
    if (refused === undefined) takeIn(request, { largest, room, buffers }, done);
    else next(refused);
  };
};

const refusedUnread = ({ headers }: IncomingMessage): BodyRefused | undefined => {
  if (!jsonType.test(headers['content-type'] ?? ''))
    return new BodyRefused(415, 'the body must be application/json in UTF-8');
  // Compressed bodies could grow past any limit, and no API server sends one.
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return new BodyRefused(415, 'the body must not be compressed');
  return undefined;
};

const parsed = (bytes: Buffer): { readonly value: unknown } | BodyRefused => {
  // Decoding invalid UTF-8 would silently replace bytes with U+FFFD.
  if (!isUtf8(bytes)) return new BodyRefused(400, 'the body is not UTF-8');
  if (bytes.length > briefly && isNestedDeeper(bytes, deepest))
    return new BodyRefused(400, `the body is nested deeper than ${deepest} levels`);
  try {
    return { value: JSON.parse(bytes.toString()) as unknown };
  } catch {
    return new BodyRefused(400, 'the body is not JSON');
  }
};

/**
 * Twice the nesting that an API server accepts. A body that consists of brackets only takes a hundred times as long to
 * parse as others.
 */
const deepest = 20_000;
/** Bodies up to this many bytes parse quickly at any depth. */
const briefly = 64 * 1024;

const [quote, backslash] = [0x22, 0x5c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

const isNestedDeeper = (bytes: Buffer, levels: number): boolean => {
  let depth = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === quote) i = endOfText(bytes, i);
    else if (byte === openList || byte === openObject) depth += 1;
    else if (byte === closeList || byte === closeObject) depth -= 1;
    if (depth > levels) return true;
  }
  return false;
};

const endOfText = (bytes: Buffer, start: number): number => {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
};

type Intake = { readonly largest: number; readonly room: Room; readonly buffers: Buffers };

/** Calls `done` once, with the whole body or why there is none. */
const takeIn = (request: IncomingMessage, { largest, room, buffers }: Intake, done: Done): void => {
  const declared = Number(request.headers['content-length'] ?? 0);
  let bytes: Buffer = nothing;
  let length = 0;
  let settled = false;
  const settle = (result: Buffer | BodyRefused): void => {
    if (settled) return;
    settled = true;
    letGo();
    done(result);
  };
  const letGo = (): void => {
    room.leave(holder);
    // The bytes have been decoded into a string before the next body arrives, so the buffer can be reused.
    buffers.giveBack(bytes);
    bytes = nothing;
  };
  const holder: Holder = { held: 0, refuse: settle };
  const isTooLarge = (): boolean => Math.max(length, declared) > largest;
  const tooLarge = (): BodyRefused => new BodyRefused(413, `the body is too large: past ${largest} bytes`);
  request.on('data', (chunk: Buffer) => {
    const start = length;
    length += chunk.length;
    if (settled) return;
    if (isTooLarge()) {
      letGo();
      if (length > readOn * largest) settle(tooLarge());
      return;
    }
    // One growing buffer: a body sent in tiny chunks would take a hundred times its size as separate chunks.
    if (length > bytes.length) {
      const wanted = roomFor(length, { declared, largest });
      bytes = buffers.larger(bytes, wanted);
      room.hold(holder, wanted);
    }
    chunk.copy(bytes, start);
  });
  request.on('end', () => settle(isTooLarge() ? tooLarge() : bytes.subarray(0, length)));
  request.on('close', () => {
    if (!settled) settle(new BodyRefused(400, 'the body was cut off'));
  });
};

const roomFor = (length: number, { declared, largest }: { declared: number; largest: number }): number =>
  Math.max(length, Math.min(declared, trusted), Math.min(2 * length, declared === 0 ? largest : declared));

type Buffers = {
  /** A buffer of at least this many bytes that starts with the content of `buffer` and replaces it. */
  readonly larger: (buffer: Buffer, bytes: number) => Buffer;
  readonly giveBack: (buffer: Buffer) => void;
};

const nothing = Buffer.alloc(0);
/** About as many bodies as API servers send at the same time. */
const mostSpare = 16;

/**
 * Pools buffers for reuse by later bodies. Buffers live outside the heap: allocating one for every body makes V8 run a full
 * garbage collection twice a second, in the middle of answers.
 */
const spareBuffers = (): Buffers => {
  const spare: Buffer[] = [];
  const giveBack = (buffer: Buffer): void => {
    if (buffer.length === 0 || buffer.length > trusted) return;
    spare.push(buffer);
    // A full pool drops its smallest buffer, which is the least useful one.
    if (spare.length > mostSpare) spare.sort((a, b) => b.length - a.length).pop();
  };
  return {
    giveBack,
    larger: (buffer, bytes) => {
      const at = spare.findIndex(({ length }) => length >= bytes);
      const larger = (at < 0 ? undefined : spare.splice(at, 1)[0]) ?? Buffer.allocUnsafeSlow(bytes);
      buffer.copy(larger);
      giveBack(buffer);
      return larger;
    },
  };
};

type Holder = { held: number; readonly refuse: (why: BodyRefused) => void };
type Room = { readonly hold: (holder: Holder, bytes: number) => void; readonly leave: (holder: Holder) => void };

/**
 * Memory that unfinished bodies share. API servers send a body within milliseconds, so the oldest unfinished body comes
 * from another kind of peer.
 */
const sharedRoom = (together: number): Room => {
  const holders = new Set<Holder>();
  let held = 0;
  const leave = (holder: Holder): void => {
    if (!holders.delete(holder)) return;
    held -= holder.held;
    holder.held = 0;
  };
  return {
    leave,
    hold: (holder, bytes) => {
      holders.add(holder);
      held += bytes - holder.held;
      holder.held = bytes;
      for (const oldest of holders) {
        if (held <= together) break;
        leave(oldest);
        oldest.refuse(new BodyRefused(503, 'too many unfinished bodies, of which this one has taken longest'));
      }
    },
  };
};

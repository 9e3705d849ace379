/** Takes in the JSON bodies of requests, in bounds that hold however many peers send, and however slowly. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

export type BodyBounds = {
  /** Largest body, in bytes. */
  readonly largest: number;
  /** Most that unfinished bodies may hold together; past it the one that has taken longest gives way. */
  readonly together: number;
};

/** Why a body was not taken, as an HTTP status and a sentence, which never quotes the body: that may hold secrets. */
export class BodyRefused extends Error {
  readonly status: 400 | 413 | 415 | 503;

  constructor(status: BodyRefused['status'], message: string) {
    super(message);
    this.status = status;
  }
}

const jsonType = /^application\/json *(; *charset="?utf-8"? *)?$/i;
/** Set aside on the word of a Content-Length; a larger body gets room as it comes in. */
const trusted = 128 * 1024;
/** A body past the limit is read on for so many times the limit: a peer that is still writing does not see an answer. */
const readOn = 2;

type Done = (result: Buffer | BodyRefused) => void;

/** Puts what the body says into `request.body`; hands a BodyRefused to `next` where that cannot be. */
export const jsonBody = ({ largest, together }: BodyBounds): RequestHandler => {
  const [room, buffers] = [sharedRoom(together), spareBuffers()];
  return (request, response, next) => {
    const done: Done = (result) => {
      // What is left of the body must not be taken for the next question.
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
  // Decoded as it is, it would be another text than the one that was sent.
  if (!isUtf8(bytes)) return new BodyRefused(400, 'the body is not UTF-8');
  if (bytes.length > briefly && isNestedDeeper(bytes, deepest))
    return new BodyRefused(400, `the body is nested deeper than ${deepest} levels`);
  try {
    return { value: JSON.parse(bytes.toString()) as unknown };
  } catch {
    return new BodyRefused(400, 'the body is not JSON');
  }
};

/** Twice as deep as an API server reads. Bodies of nothing but depth take a hundred times as long to parse as others. */
const deepest = 20_000;
/** A body of so many bytes takes no time worth mentioning, however deep it is. */
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
    // What has been read is a text by the time the next body comes in.
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
    // One buffer that grows: of a body in tiny pieces, the pieces would take a hundred times its size.
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
  /** One of at least so many bytes that begins as `buffer` does, and takes its place. */
  readonly larger: (buffer: Buffer, bytes: number) => Buffer;
  readonly giveBack: (buffer: Buffer) => void;
};

const nothing = Buffer.alloc(0);
/** As many bodies as API servers have under way at a time. */
const mostSpare = 16;

/**
 * Buffers of bodies that are over, for the next ones. They are memory outside the heap: made anew for every body, they
 * have V8 collect all of the heap twice a second, in the middle of answers.
 */
const spareBuffers = (): Buffers => {
  const spare: Buffer[] = [];
  const giveBack = (buffer: Buffer): void => {
    if (buffer.length === 0 || buffer.length > trusted) return;
    spare.push(buffer);
    // Of too many the smallest goes: it fits the fewest.
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

/** Room that unfinished bodies share. API servers send theirs in milliseconds: the oldest unfinished one is somebody else's. */
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

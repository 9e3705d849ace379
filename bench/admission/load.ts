/**
 * The load of the benchmark as a process of its own: keep-alive HTTP/1.1 connections over TLS, one question at a time on
 * each, which is how API servers ask (they keep to HTTP/1.1 so that connections spread over replicas). Sockets are
 * written and read as bytes: a full HTTP client would cost more than the server that is measured.
 */
import { connect, type TLSSocket } from 'node:tls';
import { questions, type Question } from './reviews.ts';

export type Drive = {
  readonly port: number;
  readonly ca: string;
  readonly seconds: number;
  /** Questions a second at even intervals; without it as fast as the connections go. */
  readonly rate?: number;
};

export type Driven = {
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  /** From the moment a question was due to the last byte of its answer, sorted. */
  readonly latenciesMs: readonly number[];
};

const connections = 16;
/** More than the webhook remembers: each is as new to it as the writes of people are. */
const distinctWrites = 1000;
/** Of every so many answers one is read as JSON; of all the others only status and length. */
const readEvery = 50;

type Sent = { readonly question: Question; readonly due: number };

const all = questions(distinctWrites).map((question) => ({
  ...question,
  wire: Buffer.concat([
    Buffer.from(
      `POST ${question.path}?timeout=5s HTTP/1.1\r\nHost: sluice-webhook.sluice-system.svc:443\r\n` +
        'User-Agent: kube-apiserver-admission\r\nAccept: application/json, */*\r\nAccept-Encoding: gzip\r\n' +
        `Content-Type: application/json\r\nContent-Length: ${question.body.length}\r\n\r\n`,
    ),
    question.body,
  ]),
}));
let asked = 0;

const headersEnd = Buffer.from('\r\n\r\n');

/** Length of the answer at the start of `bytes`, headers and all; undefined while it is not whole. */
const wholeLength = (bytes: Buffer): number | undefined => {
  const end = bytes.indexOf(headersEnd);
  if (end < 0) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error('an answer without a length');
  const whole = end + headersEnd.length + length;
  return bytes.length >= whole ? whole : undefined;
};

const isRight = (bytes: Buffer, { question }: Sent): boolean => {
  if (!bytes.toString('latin1', 0, 12).endsWith(' 200')) return false;
  if (asked % readEvery !== 0) return true;
  const answer = JSON.parse(bytes.toString('utf8', bytes.indexOf(headersEnd) + headersEnd.length)) as {
    readonly response?: { readonly uid?: string; readonly allowed?: boolean };
  };
  return answer.response?.uid === question.uid && answer.response.allowed === true;
};

class Connection {
  private sent: Sent | undefined;
  private received = Buffer.alloc(0);
  private readonly socket: TLSSocket;
  private readonly answered: (sent: Sent, right: boolean) => void;

  constructor(socket: TLSSocket, answered: (sent: Sent, right: boolean) => void) {
    this.socket = socket;
    this.answered = answered;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
  }

  ask(due: number): void {
    const question = all[asked % all.length]!;
    asked += 1;
    this.sent = { question, due };
    this.socket.write(question.wire);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.received, chunk]);
    if (wholeLength(this.received) === undefined || this.sent === undefined) return;
    const { sent, received } = this;
    this.sent = undefined;
    this.received = Buffer.alloc(0);
    this.answered(sent, isRight(received, sent));
  }
}

const open = ({ port, ca }: Drive): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'] }, () => resolve(socket));
    socket.setNoDelay(true);
    socket.on('error', reject);
  });

const drive = async (order: Drive): Promise<Driven> => {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(order)));
  const latenciesMs: number[] = [];
  let failed = 0;
  const answered = (sent: Sent, right: boolean): void => {
    latenciesMs.push(performance.now() - sent.due);
    if (!right) failed += 1;
  };
  const start = performance.now();
  const end = start + order.seconds * 1000;
  if (order.rate === undefined) await flatOut(sockets, end, answered);
  else await paced(sockets, { start, end, rate: order.rate }, answered);
  const seconds = (performance.now() - start) / 1000;
  sockets.forEach((socket) => socket.destroy());
  latenciesMs.sort((a, b) => a - b);
  return { answered: latenciesMs.length, failed, seconds, latenciesMs };
};

type Answered = (sent: Sent, right: boolean) => void;

/** Each connection asks again as soon as it is answered. */
const flatOut = async (sockets: readonly TLSSocket[], end: number, answered: Answered): Promise<void> => {
  const one = (socket: TLSSocket): Promise<void> =>
    new Promise((resolve) => {
      const connection = new Connection(socket, (sent, right) => {
        answered(sent, right);
        again();
      });
      const again = (): void => {
        const now = performance.now();
        if (now < end) connection.ask(now);
        else resolve();
      };
      again();
    });
  await Promise.all(sockets.map(one));
};

type Pace = { readonly start: number; readonly end: number; readonly rate: number };

/** Asks at even intervals whatever the answers do. A question that finds no idle connection waits, and its clock runs. */
const paced = (sockets: readonly TLSSocket[], { start, end, rate }: Pace, answered: Answered): Promise<void> =>
  new Promise((resolve) => {
    const waiting: number[] = [];
    const idle: Connection[] = [];
    let asking = true;
    const settle = (): void => {
      while (idle.length > 0 && waiting.length > 0) idle.shift()!.ask(waiting.shift()!);
      if (!asking && idle.length === sockets.length) resolve();
    };
    for (const socket of sockets) {
      const connection: Connection = new Connection(socket, (sent, right) => {
        answered(sent, right);
        idle.push(connection);
        settle();
      });
      idle.push(connection);
    }
    let n = 0;
    const dueAt = (): number => start + (n * 1000) / rate;
    const tick = (): void => {
      for (; dueAt() < end && dueAt() <= performance.now(); n += 1) waiting.push(dueAt());
      asking = dueAt() < end;
      settle();
      if (asking) setTimeout(tick, Math.max(0, dueAt() - performance.now()));
    };
    tick();
  });

process.on('message', (order: Drive) => void drive(order).then((driven) => process.send?.(driven)));
process.on('disconnect', () => process.exit(0));

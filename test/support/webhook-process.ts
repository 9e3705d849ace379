/** The webhook, or the bare server it is compared with, in a process of its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { issueServing, makeAuthority } from '../../src/certs/authority.ts';
import { newPrivateKey } from '../../src/certs/key-pair.ts';
import type { ServingCertificate, WebhookLimits } from '../../src/webhook/webhook-server.ts';
import type { ChildSetup, FromChild, ToChild, Usage } from './webhook-child.ts';
import { inTime } from '../cluster/in-time.ts';

export type WebhookProcess = {
  readonly port: number;
  /** PEM of the authority to trust. */
  readonly ca: string;
  readonly pid: number;
  /** False once it has ended, however it did. */
  alive(): boolean;
  usage(): Promise<Usage>;
  /** CPU time that it has used so far, asked for without collecting anything. */
  cpuMs(): Promise<number>;
  /** Everything it has written: its log, and what a crash leaves. Empty where the output is not kept. */
  output(): string;
  stop(): Promise<void>;
};

export type WebhookProcessOptions = {
  readonly kind?: ChildSetup['kind'];
  readonly limits?: Partial<WebhookLimits>;
  /** Whether `output` is wanted; otherwise it is thrown away. */
  readonly keepOutput?: boolean;
  readonly execArgv?: readonly string[];
};

const program = fileURLToPath(new URL('./webhook-child.ts', import.meta.url));

/** Resolves when it takes questions. */
export const startWebhookProcess = async (options: WebhookProcessOptions = {}): Promise<WebhookProcess> => {
  const { kind = 'sluice', limits, keepOutput = false, execArgv = [] } = options;
  const { ca, certificate } = await madeCertificate();
  const stream = keepOutput ? 'pipe' : 'ignore';
  const child = fork(program, { execArgv: [...execArgv], stdio: ['ignore', stream, stream, 'ipc'] });
  let output = '';
  for (const from of [child.stdout, child.stderr]) from?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const setup: ChildSetup = { kind, certificate, ...(limits === undefined ? {} : { limits }) };
  const { port } = await ask(child, { setup }, 'port');
  return {
    port,
    ca,
    pid: child.pid ?? 0,
    alive: () => child.exitCode === null && child.signalCode === null,
    usage: async () => (await ask(child, { ask: 'usage' }, 'usage')).usage,
    cpuMs: async () => (await ask(child, { ask: 'cpuMs' }, 'cpuMs')).cpuMs,
    output: () => output,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await inTime('the webhook process to end', ended);
    },
  };
};

const madeCertificate = async (): Promise<{ ca: string; certificate: ServingCertificate }> => {
  const [caKey, key] = await Promise.all([newPrivateKey(), newPrivateKey()]);
  const now = Date.now();
  const authority = makeAuthority({ key: caKey, now, days: 1 });
  const certificate = issueServing({ authority, key, now, days: 1, dnsNames: [], ips: ['127.0.0.1'] });
  return { ca: authority.cert, certificate };
};

type Answer<K extends string> = Extract<FromChild, { readonly [key in K]: unknown }>;

const ask = <K extends 'port' | 'usage' | 'cpuMs'>(
  child: ChildProcess,
  message: ToChild,
  wanted: K,
): Promise<Answer<K>> => inTime(`the ${wanted} of the webhook process`, answerOf(child, message, wanted));

const answerOf = <K extends 'port' | 'usage' | 'cpuMs'>(
  child: ChildProcess,
  message: ToChild,
  wanted: K,
): Promise<Answer<K>> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off('message', hear);
      child.off('exit', gone);
    };
    const hear = (answer: FromChild): void => {
      if (!(wanted in answer)) return;
      settle();
      resolve(answer as Answer<K>);
    };
    const gone = (): void => {
      settle();
      reject(new Error('the webhook process has ended'));
    };
    child.on('message', hear);
    child.on('exit', gone);
    child.send(message);
  });

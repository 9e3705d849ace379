/**
 * A process that is nothing but the webhook: the real app, server, log and metrics over no policies but the annotations. For
 * what must not happen inside the process that looks on: hostile peers, measured memory, a full core. `bare` is the
 * server it is compared with: it parses the same JSON and says yes to everything.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { admissionAnswers } from '../../src/core/admission/admission-answers.ts';
import { kubeJournal } from '../../src/kube/journal.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { webhookApp } from '../../src/webhook/webhook-app.ts';
import { startWebhookServer, type ServingCertificate, type WebhookLimits } from '../../src/webhook/webhook-server.ts';
import { someRules } from './an-admission-request.ts';

export type ChildSetup = {
  readonly kind: 'sluice' | 'bare';
  readonly certificate: ServingCertificate;
  readonly limits?: Partial<WebhookLimits>;
};

/** What the process has used so far. */
export type Usage = {
  readonly rssMiB: number;
  /** After a full collection where the process runs with --expose-gc. */
  readonly heapMiB: number;
  readonly cpuMs: number;
  /** The most it has ever had. */
  readonly mostRssMiB: number;
};

export type ToChild = { readonly setup: ChildSetup } | { readonly ask: 'usage' | 'cpuMs' };
export type FromChild = { readonly port: number } | { readonly usage: Usage } | { readonly cpuMs: number };

/** The real one, of a Sluice whose API server answers nothing: what it is told it has to keep. */
const unheardJournal = (): Journal => {
  const never = (): Promise<never> => new Promise(() => undefined);
  const author = { controller: 'sluice.dev/webhook', instance: 'child' };
  return kubeJournal({ writer: { create: never, patch: never }, author, clock: systemClock, log });
};

const log = createLog('info', process.stdout);

const startSluice = async ({ certificate, limits }: ChildSetup): Promise<number> => {
  const app = webhookApp({
    ...admissionAnswers(someRules),
    journal: unheardJournal(),
    ready: () => true,
    failureMode: 'closed',
    log,
    metrics: createMetrics({ processMetrics: true }),
    clock: systemClock,
  });
  const server = await startWebhookServer({
    app,
    certificate,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    ...(limits === undefined ? {} : { limits }),
  });
  return server.port;
};

const startBare = ({ certificate }: ChildSetup): Promise<number> => {
  const server = createServer({ ...certificate }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as { readonly request: { readonly uid: string } };
      response.setHeader('Content-Type', 'application/json');
      response.end(
        `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"${review.request.uid}","allowed":true}}`,
      );
    });
  });
  server.keepAliveTimeout = 120_000;
  return new Promise((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1' }, () => resolve((server.address() as AddressInfo).port)),
  );
};

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const mebibyte = 1024 * 1024;
const usage = (): Usage => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    rssMiB: rss / mebibyte,
    heapMiB: heapUsed / mebibyte,
    cpuMs: cpuMs(),
    mostRssMiB: process.resourceUsage().maxRSS / 1024,
  };
};

const tell = (message: FromChild): void => void process.send?.(message);

process.on('message', (message: ToChild) => {
  if ('ask' in message) tell(message.ask === 'usage' ? { usage: usage() } : { cpuMs: cpuMs() });
  else void (message.setup.kind === 'bare' ? startBare : startSluice)(message.setup).then((port) => tell({ port }));
});
process.on('disconnect', () => process.exit(0));

/**
 * A process that is nothing but the webhook: the real app, server, log and metrics over no policies but the annotations. For
 * what must not happen inside the process that looks on: hostile peers, measured memory, a full core. `bare` is the
 * server it is compared with: it parses the same JSON and says yes to everything.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { admissionAnswers } from '../../src/core/admission/admission-answers.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { memoryJournal } from '../../src/ports/journal.ts';
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
};

export type ToChild = { readonly setup: ChildSetup } | { readonly ask: 'usage' };
export type FromChild = { readonly port: number } | { readonly usage: Usage };

const startSluice = async ({ certificate, limits }: ChildSetup): Promise<number> => {
  const app = webhookApp({
    ...admissionAnswers(someRules),
    journal: memoryJournal(),
    ready: () => true,
    failureMode: 'closed',
    log: createLog('info', process.stdout),
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

const mebibyte = 1024 * 1024;
const usage = (): Usage => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return { rssMiB: rss / mebibyte, heapMiB: heapUsed / mebibyte, cpuMs: (user + system) / 1000 };
};

const tell = (message: FromChild): void => void process.send?.(message);

process.on('message', (message: ToChild) => {
  if ('ask' in message) tell({ usage: usage() });
  else void (message.setup.kind === 'bare' ? startBare : startSluice)(message.setup).then((port) => tell({ port }));
});
process.on('disconnect', () => process.exit(0));

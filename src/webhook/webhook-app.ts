/** The webhook's HTTP routes. Decisions are made in core; no answer waits for I/O. */
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import type { AdmissionAnswers, Answering } from '../core/admission/admission-answers.ts';
import { deny, pass, type AdmissionRequest, type Answer } from '../core/admission/admission-request.ts';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import type { Log, LogFields } from '../telemetry/log.ts';
import { about, auditLine, type AuditLine } from './audit-line.ts';
import { decodeReview, tooDeep } from './decode-review.ts';
import { encodeReview } from './encode-review.ts';
import { jsonBody } from './read-body.ts';

export type AdmissionMetrics = {
  /** The case of the decision, how long the answer took, and whether the write was allowed. */
  admission(seen: string, took: Milliseconds, allowed: boolean): void;
};

export type WebhookParts = AdmissionAnswers & {
  /** Records decisions as Kubernetes events. */
  readonly journal: Journal;
  /** True once the caches are in sync, else the reason why requests cannot be answered. */
  readonly ready: () => true | string;
  /**
   * What happens to a write when answering fails with an internal error: `closed` refuses it, `open` lets it through with a
   * warning.
   */
  readonly failureMode: 'closed' | 'open';
  readonly log: Log;
  readonly metrics: AdmissionMetrics;
  readonly clock: Clock;
  /** Milliseconds from a fixed but arbitrary moment, in fractions: measures how long an answer takes. */
  readonly stopwatch?: () => Milliseconds;
  /** Largest body, in bytes; 3 MiB unless set: twice the largest object etcd takes, with room for the review. */
  readonly bodyLimit?: number;
};

const mebibyte = 1024 * 1024;
const defaultBodyLimit = 3 * mebibyte;
/** A fraction of the memory limit in the chart. */
const unfinishedBodies = 64 * mebibyte;

/** The paths that the webhook configurations name. */
const questionPaths = {
  '/mutate': 'mutate',
  '/validate': 'validate',
  '/validate/owned': 'guard',
  '/validate/break-glass': 'breakGlass',
} as const satisfies Record<string, keyof AdmissionAnswers>;

/**
 * Serves `POST` of an AdmissionReview, `GET /healthz` and `GET /readyz`. Everything else, and every malformed body, is a
 * 4xx with a reason.
 */
export const webhookApp = (parts: WebhookParts): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.disable('query parser');
  const body = jsonBody({ largest: parts.bodyLimit ?? defaultBodyLimit, together: unfinishedBodies });
  for (const [path, name] of Object.entries(questionPaths)) app.post(path, body, question(parts, parts[name]));
  app.get('/healthz', (_request, response) => void response.type('text').send('ok\n'));
  app.get('/readyz', (_request, response) => {
    const ready = parts.ready();
    response
      .status(ready === true ? 200 : 503)
      .type('text')
      .send(ready === true ? 'ok\n' : `${ready}\n`);
  });
  const paths = Object.keys(questionPaths);
  app.all(paths, (_request, response) => refuse(response, 405, 'POST an AdmissionReview'));
  app.use((_request, response) => refuse(response, 404, `there is POST ${paths.join(', ')}`));
  app.use(malformedBody(parts));
  return app;
};

const refuse = (response: Response, status: number, error: string): void =>
  void response.status(status).json({ error });

const question =
  (parts: WebhookParts, answering: Answering): RequestHandler =>
  (httpRequest, response) => {
    const stopwatch = parts.stopwatch ?? (() => performance.now());
    const start = stopwatch();
    const ready = parts.ready();
    // An answer from caches that are not in sync would report existing policies as missing.
    if (ready !== true) {
      refuse(response, 503, `Sluice is not ready: ${ready}`);
      return;
    }
    const decoded = decodeReview(httpRequest.body);
    // An idle connection keeps its last request in memory, body included.
    httpRequest.body = undefined;
    if (!decoded.ok) {
      malformed(parts, response, { status: 400, error: decoded.reason });
      return;
    }
    const { request } = decoded;
    const done = answered(parts, answering, request);
    if ('tooDeep' in done) {
      malformed(parts, response, { status: 400, error: done.tooDeep });
      return;
    }
    const { answer, text, line } = done;
    response.setHeader('Content-Type', 'application/json');
    response.end(text);
    parts.metrics.admission(answer.case, stopwatch() - start, answer.allowed);
    if (line !== undefined) parts.log.info(line.fields, line.text);
    if (answer.event !== undefined && !request.dryRun) parts.journal.record(answer.event);
  };

/** An answer, its text for the response, and its log line. */
type Answered = { readonly answer: Answer; readonly text: string; readonly line: AuditLine | undefined };

/** Decides, encodes the answer and its log line. The only place where an internal error becomes an answer. */
const answered = (
  parts: WebhookParts,
  answering: Answering,
  request: AdmissionRequest,
): Answered | { readonly tooDeep: string } => {
  try {
    return written(request, answering(request, parts.clock.now()));
  } catch (err) {
    const deep = isOutOfStack(err) ? tooDeep(request) : undefined;
    if (deep !== undefined) return { tooDeep: deep };
    parts.log.error({ ...about(request), reason: 'fault', err } satisfies LogFields, 'answering failed');
    return written(request, parts.failureMode === 'open' ? letThrough : held);
  }
};

const isOutOfStack = (err: unknown): boolean =>
  err instanceof Error && err.name === 'RangeError' && err.message.includes('call stack');

const written = (request: AdmissionRequest, answer: Answer): Answered => ({
  answer,
  text: JSON.stringify(encodeReview(request, answer)),
  line: auditLine(request, answer),
});

const letThrough: Answer = {
  ...pass('fault', 'answering failed'),
  warnings: ['Sluice could not decide about this write for a fault of its own and let it through as it is'],
};

const held: Answer = deny('fault', 'answering failed', {
  code: 500,
  reason: 'InternalError',
  message: 'Sluice could not decide about this write for a fault of its own; nothing was changed. Its log says more.',
});

type Malformed = { readonly status: number; readonly error: string };

const malformed = (parts: WebhookParts, response: Response, { status, error }: Malformed): void => {
  parts.metrics.admission('malformed', 0, false);
  parts.log.warn({ reason: 'malformed' } satisfies LogFields, `a question could not be read: ${error}`);
  refuse(response, status, error);
};

/** Answers bodies that are too large, cut off, compressed or not JSON; the BodyRefused says which. */
const malformedBody =
  (parts: WebhookParts): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { status, message } = error as { readonly status?: unknown; readonly message?: unknown };
    if (typeof status === 'number' && status >= 400 && status < 500) {
      malformed(parts, response, { status, error: String(message) });
      return;
    }
    parts.log.error({ reason: 'fault', err: error } satisfies LogFields, 'a question could not be taken in');
    refuse(response, 500, 'a fault of Sluice; its log says more');
  };

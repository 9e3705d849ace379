import { pino, stdTimeFunctions, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';

/** The fields a line may carry besides level, time, msg and err. One word per concept, so that logs can be searched by it. */
export const logFields = [
  'component',
  'namespace',
  'workload',
  'release',
  'phase',
  'step',
  'provider',
  'reason',
  // Who did it: the user name and uid that the API server has authenticated, and the field manager of the write.
  'user',
  'userUid',
  'tool',
  'operation',
  'dryRun',
  // What the template was before and is after: releases by name, templates by hash.
  'from',
  'fromHash',
  'to',
  'toHash',
] as const;
export type LogField = (typeof logFields)[number];

/** What is handed to `child()` and to a line: `log.info({ workload: 'web', phase: 'Promoting' } satisfies LogFields, 'entered')`. */
export type LogFields = { readonly [field in LogField]?: string | number | boolean } & { readonly err?: unknown };

export type Log = Logger;

/**
 * JSON lines: level as a word, RFC 3339 time, message, fields. No process id and host name: the platform adds its own.
 * Lines below `level` cost next to nothing. Parts get a child of it: `log.child({ component: 'webhook' })`.
 */
export const createLog = (level: LevelWithSilent, stream: DestinationStream): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );

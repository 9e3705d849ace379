import { pino, stdTimeFunctions, type DestinationStream, type LevelWithSilent, type Logger } from 'pino';

/** The fields a line may have besides level, time, msg and err. One name per concept makes logs searchable. */
export const logFields = [
  'component',
  'namespace',
  'workload',
  'release',
  'phase',
  'step',
  'provider',
  'reason',
  // The author: user name and uid as authenticated by the API server, and the field manager of the write.
  'user',
  'userUid',
  'tool',
  'operation',
  'dryRun',
  // The old and the new template: releases by name, templates by hash.
  'from',
  'fromHash',
  'to',
  'toHash',
] as const;
export type LogField = (typeof logFields)[number];

/**
 * Fields for `child()` and for a line: `log.info({ workload: 'web', phase: 'Promoting' } satisfies LogFields,
 * 'entered')`.
 */
export type LogFields = { readonly [field in LogField]?: string | number | boolean } & { readonly err?: unknown };

export type Log = Logger;

/**
 * Logs JSON lines: level as a word, RFC 3339 time, message, fields. No process id or host name, which the platform
 * adds. Components get a child logger: `log.child({ component: 'webhook' })`.
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

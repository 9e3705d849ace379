import type { Log } from '../../src/kube/log.ts';

export type LogLine = { readonly level: string; readonly fields: object; readonly message: string };

/** A log that a test can read. */
export const memoryLog = (): Log & { readonly lines: LogLine[] } => {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};

import { readFile } from 'node:fs/promises';
import type { Container } from './kube-types.ts';

// The kubelet's limit per container.
const MOST_BYTES = 4096;

/**
 * What a container left in its termination message file, or, where its policy allows that and it failed, the last lines
 * it logged. A container that could not be started has no other place for the reason than its log.
 */
export async function readTerminationMessage(
  file: string,
  container: Container,
  exitCode: number,
  lastLines: () => string,
): Promise<string> {
  const written = await readFile(file).catch(() => Buffer.alloc(0));
  if (written.length > 0) return written.subarray(0, MOST_BYTES).toString('utf8');
  const fallBack = container.terminationMessagePolicy === 'FallbackToLogsOnError' && exitCode !== 0;
  return fallBack || exitCode === 128 ? lastLines() : '';
}

import { readFile } from 'node:fs/promises';
import type { Container } from './kube-types.ts';

// The kubelet's limit per container.
const MOST_BYTES = 4096;

/**
 * The content of a container's termination message file, or the last lines of its log if it failed and its policy
 * allows that. If the container could not be started, the reason is in its log.
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

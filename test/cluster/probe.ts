import { open, readFile } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { Probe } from './component-spec.ts';

const TIMEOUT_MS = 1000;

const fetchText = (url: string, ca: Buffer | undefined): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const options = {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      agent: false,
      ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
    };
    const get = url.startsWith('https:') ? httpsGet : httpGet;
    const request = get(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
  });

/** The content of a log file from byte `offset` on. */
export const readFrom = async (path: string, offset: number): Promise<string> => {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.max(0, size - offset);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.toString('utf8');
  } finally {
    await file.close();
  }
};

/** Whether the probe succeeds. Never rejects. `log`: the component's log file and the offset of its current run. */
export const probeHolds = async (probe: Probe, log: { file: string; offset: number }): Promise<boolean> => {
  try {
    if (probe.kind === 'exit') return false;
    if (probe.kind === 'line') return (await readFrom(log.file, log.offset)).includes(probe.text);
    const ca = probe.ca === undefined ? undefined : await readFile(probe.ca);
    const { status, body } = await fetchText(probe.url, ca);
    return status >= 200 && status < 300 && body.includes(probe.includes ?? '');
  } catch {
    return false;
  }
};

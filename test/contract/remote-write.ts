/**
 * Writes points with chosen times into a real Prometheus, through its remote-write receiver (protocol 1.0: a protobuf
 * WriteRequest in Snappy's block format), so that a test need not wait for scrapes.
 */
import type { Series } from '../../src/core/judge/series.ts';
import { fetchText } from '../cluster/fetch-text.ts';

const varint = (value: bigint): number[] => {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    if (rest < 0x80n) return [...bytes, low];
    bytes.push(low | 0x80);
  }
};

const lengthDelimited = (field: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([...varint(BigInt((field << 3) | 2)), ...varint(BigInt(content.length))]), content]);

const text = (field: number, value: string): Buffer => lengthDelimited(field, Buffer.from(value));

const label = ([name, value]: readonly [string, string]): Buffer =>
  lengthDelimited(1, Buffer.concat([text(1, name), text(2, value)]));

const sample = ([at, value]: readonly [number, number]): Buffer => {
  const double = Buffer.alloc(9);
  double[0] = (1 << 3) | 1;
  double.writeDoubleLE(value, 1);
  return lengthDelimited(2, Buffer.concat([double, Buffer.from([2 << 3, ...varint(BigInt(at))])]));
};

const timeSeries = ({ labels, points }: Series): Buffer => {
  // The receiver wants labels sorted by name.
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return lengthDelimited(1, Buffer.concat([...sorted.map(label), ...points.map(sample)]));
};

const literalMax = 60_000;

/** Snappy's block format with nothing compressed: the length, then literals with a two-byte length each. */
const snappy = (content: Buffer): Buffer => {
  const parts: Buffer[] = [Buffer.from(varint(BigInt(content.length)))];
  for (let from = 0; from < content.length; from += literalMax) {
    const part = content.subarray(from, from + literalMax);
    parts.push(Buffer.from([61 << 2, (part.length - 1) & 0xff, (part.length - 1) >> 8]), part);
  }
  return Buffer.concat(parts);
};

/** Rejects with Prometheus' words when it does not take the points. */
export const remoteWrite = async (address: string, series: readonly Series[]): Promise<void> => {
  const {
    ok,
    status,
    text: said,
  } = await fetchText(`${address}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: Uint8Array.from(snappy(Buffer.concat(series.map(timeSeries)))),
  });
  if (!ok) throw new Error(`remote write: ${status} ${said}`);
};

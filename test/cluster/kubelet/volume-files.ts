import type { Lookup } from './container-env.ts';
import type { DataKind } from './data-watch.ts';
import { readField, readResource } from './downward.ts';
import type { PodFacts } from './downward.ts';
import type { DataObject, DownwardItem, FileSource, KeyToPath, Volume } from './kube-types.ts';
import { fileSources } from './pod-references.ts';

/** A volume's files: path inside the volume → content and mode. */
export type Files = ReadonlyMap<string, { readonly content: Buffer; readonly mode: number }>;
export type FilesResult = { readonly files: Files } | { readonly missing: string };

export interface FileInputs {
  readonly facts: PodFacts;
  readonly lookup: Lookup;
  /** Service-account tokens by the key of `tokenKey`. */
  readonly tokens: ReadonlyMap<string, string>;
}

type Entry = readonly [path: string, content: Buffer, mode?: number | undefined];

const DEFAULT_MODE = 0o644;

/** The current files of a ConfigMap, Secret, downward API or projected volume, or what is missing for them. Pure. */
export function volumeFiles(volume: Volume, inputs: FileInputs): FilesResult {
  const mode = volume.projected?.defaultMode ?? modeOf(volume.configMap) ?? modeOf(volume.secret) ?? DEFAULT_MODE;
  const files = new Map<string, { content: Buffer; mode: number }>();
  for (const source of fileSources(volume)) {
    const entries = entriesOf(source, inputs);
    if (typeof entries === 'string') return { missing: entries };
    for (const [path, content, own] of entries) files.set(path, { content, mode: own ?? mode });
  }
  return { files };
}

/** One token is requested per audience, lifetime and path. */
export function tokenKey(source: NonNullable<FileSource['serviceAccountToken']>): string {
  return `${source.audience ?? ''}|${source.expirationSeconds ?? ''}|${source.path}`;
}

function modeOf(source: unknown): number | undefined {
  return (source as { defaultMode?: number } | undefined)?.defaultMode;
}

function entriesOf(source: FileSource, inputs: FileInputs): Entry[] | string {
  if (source.configMap) return dataEntries('configmaps', source.configMap.name ?? '', source.configMap, inputs);
  if (source.secret) {
    return dataEntries('secrets', source.secret.secretName ?? source.secret.name ?? '', source.secret, inputs);
  }
  if (source.downwardAPI) return downwardEntries(source.downwardAPI.items ?? [], inputs.facts);
  if (source.serviceAccountToken === undefined) return [];
  const token = inputs.tokens.get(tokenKey(source.serviceAccountToken));
  if (token === undefined) return `no token yet for ${source.serviceAccountToken.path}`;
  return [[source.serviceAccountToken.path, Buffer.from(token)]];
}

interface Selection {
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

function dataEntries(kind: DataKind, name: string, chosen: Selection, inputs: FileInputs): Entry[] | string {
  const object = inputs.lookup(kind, name);
  if (object === undefined) {
    return chosen.optional === true ? [] : `${kind === 'secrets' ? 'secret' : 'configmap'} "${name}" not found`;
  }
  const contents = contentsOf(kind, object);
  if (chosen.items === undefined) return [...contents];
  const entries: Entry[] = [];
  for (const item of chosen.items) {
    const content = contents.get(item.key);
    if (content !== undefined) entries.push([item.path, content, item.mode]);
    else if (chosen.optional !== true) return `references non-existent ${kind.slice(0, -1)} key: ${item.key}`;
  }
  return entries;
}

function contentsOf(kind: DataKind, object: DataObject): Map<string, Buffer> {
  const encoding = kind === 'secrets' ? 'base64' : 'utf8';
  const contents = new Map(Object.entries(object.data ?? {}).map(([key, text]) => [key, Buffer.from(text, encoding)]));
  for (const [key, text] of Object.entries(object.binaryData ?? {})) contents.set(key, Buffer.from(text, 'base64'));
  return contents;
}

function downwardEntries(items: readonly DownwardItem[], facts: PodFacts): Entry[] {
  return items.map((item) => {
    const value = item.fieldRef
      ? readField(item.fieldRef, facts)
      : item.resourceFieldRef && readResource(item.resourceFieldRef, facts.pod.spec.containers);
    return [item.path, Buffer.from(value ?? ''), item.mode];
  });
}

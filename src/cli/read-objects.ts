/** Reads Kubernetes objects from a YAML file. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../values/kube-object.ts';
import { PluginError } from './plugin-error.ts';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isKubeObject = (value: unknown): value is KubeObject =>
  isObject(value) &&
  typeof value['kind'] === 'string' &&
  isObject(value['metadata']) &&
  typeof value['metadata']['name'] === 'string';

const contentOf = async (file: string): Promise<string> => {
  if (file === '-') return text(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new PluginError(`${file} cannot be read.`, 'Name a file that is there, or - for standard input.', { cause });
  }
};

/** The objects of all documents, those of a List one by one. Other documents are left out. Throws PluginError. */
export const readObjects = async (file: string): Promise<readonly KubeObject[]> => {
  const documents = parseAllDocuments(await contentOf(file));
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document): readonly KubeObject[] => {
    const [error] = document.errors;
    if (error !== undefined)
      throw new PluginError(`${file} is no YAML: ${error.message.split('\n', 1)[0] ?? ''}`, 'Correct it.');
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    const items = isObject(value) && Array.isArray(value['items']) ? (value['items'] as readonly unknown[]) : [value];
    return items.filter(isKubeObject);
  });
};

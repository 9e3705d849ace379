import type { DataKind } from './data-watch.ts';
import { readField, readResource } from './downward.ts';
import type { PodFacts } from './downward.ts';
import type { Container, DataObject, EnvFrom, EnvVar, KeyRef } from './kube-types.ts';

export type Env = Readonly<Record<string, string>>;
export type Lookup = (kind: DataKind, name: string) => DataObject | undefined;

/** The environment, or why the container cannot be created yet, as the kubelet words it. */
export type EnvResult = { readonly env: Env } | { readonly missing: string };

interface Sources {
  readonly facts: PodFacts;
  readonly container: Container;
  readonly lookup: Lookup;
  readonly base: Env;
}

/**
 * A container's environment: the runtime's (`base`), then envFrom, then env; later entries win. `$(NAME)` refers to an
 * earlier variable.
 */
export function resolveEnv(sources: Sources): EnvResult {
  const env: Record<string, string> = { ...sources.base };
  try {
    for (const from of sources.container.envFrom ?? []) Object.assign(env, readAll(from, sources));
    for (const variable of sources.container.env ?? []) {
      const value = readOne(variable, env, sources);
      if (value !== undefined) env[variable.name] = value;
    }
  } catch (error) {
    if (error instanceof MissingReference) return { missing: error.message };
    throw error;
  }
  return { env };
}

class MissingReference extends Error {}

/** Replaces `$(NAME)` by its value; an unknown name stays as written and `$$(NAME)` is the text `$(NAME)`. */
export function expandVariables(text: string, env: Env): string {
  return text.replace(/\$(\$|\(([^()]+)\))/g, (whole: string, after: string, name: string | undefined) => {
    if (after === '$') return '$';
    return env[name ?? ''] ?? whole;
  });
}

function readOne(variable: EnvVar, env: Env, sources: Sources): string | undefined {
  const from = variable.valueFrom;
  if (from === undefined) return expandVariables(variable.value ?? '', env);
  if (from.configMapKeyRef) return readKey('configmaps', from.configMapKeyRef, sources);
  if (from.secretKeyRef) return readKey('secrets', from.secretKeyRef, sources);
  if (from.resourceFieldRef) {
    return readResource(from.resourceFieldRef, sources.facts.pod.spec.containers, sources.container);
  }
  if (from.fieldRef === undefined) return undefined;
  const value = readField(from.fieldRef, sources.facts);
  if (value === undefined) throw new MissingReference(`unsupported fieldPath: ${from.fieldRef.fieldPath}`);
  return value;
}

function readKey(kind: DataKind, ref: KeyRef, sources: Sources): string | undefined {
  const object = sources.lookup(kind, ref.name ?? '');
  const value = object === undefined ? undefined : textOf(kind, object)[ref.key];
  if (value !== undefined || ref.optional === true) return value;
  if (object === undefined) throw new MissingReference(notFound(kind, ref.name ?? ''));
  const where = `${sources.facts.pod.metadata.namespace ?? ''}/${ref.name ?? ''}`;
  throw new MissingReference(`couldn't find key ${ref.key} in ${kind === 'secrets' ? 'Secret' : 'ConfigMap'} ${where}`);
}

function readAll(from: EnvFrom, sources: Sources): Env {
  const kind: DataKind = from.secretRef ? 'secrets' : 'configmaps';
  const ref = from.secretRef ?? from.configMapRef;
  const object = sources.lookup(kind, ref?.name ?? '');
  if (object === undefined) {
    if (ref?.optional === true) return {};
    throw new MissingReference(notFound(kind, ref?.name ?? ''));
  }
  return Object.fromEntries(Object.entries(textOf(kind, object)).map(([k, v]) => [(from.prefix ?? '') + k, v]));
}

function notFound(kind: DataKind, name: string): string {
  return `${kind === 'secrets' ? 'secret' : 'configmap'} "${name}" not found`;
}

function textOf(kind: DataKind, object: DataObject): Env {
  const data = object.data ?? {};
  if (kind === 'configmaps') return data;
  return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v, 'base64').toString('utf8')]));
}

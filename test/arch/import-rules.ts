/** Who may import whom. The rings of the architecture, innermost first, and the few exceptions with their reasons. */
import { importsOf, type Finding, type SourceFile } from './source-tree.ts';

const inner = ['src/values', 'src/schema', 'src/core'] as const;

/** Folder of `src` → folders it may import besides itself. */
const rings: Readonly<Record<string, readonly string[]>> = {
  'src/values': [],
  'src/schema': ['src/values'],
  'src/core': ['src/values', 'src/schema'],
  'src/ports': inner,
  'src/manifests': inner,
  'src/config': inner,
  'src/traffic': [...inner, 'src/ports'],
  'src/metrics': [...inner, 'src/ports'],
  'src/outside': [...inner, 'src/ports'],
  'src/notify': [...inner, 'src/ports'],
  'src/kube': [...inner, 'src/ports'],
  'src/memory': [...inner, 'src/ports'],
  'src/certs': [...inner, 'src/ports'],
  'src/http': [...inner, 'src/ports'],
  'src/telemetry': [...inner, 'src/ports'],
  'src/policies': [...inner, 'src/ports'],
  'src/controller': [...inner, 'src/ports', 'src/telemetry'],
  'src/webhook': [...inner, 'src/manifests', 'src/ports', 'src/telemetry'],
  'src/api': [...inner, 'src/ports', 'src/telemetry'],
  'src/cli': [...inner, 'src/ports', 'src/telemetry'],
};

/** Files that put the parts together see everything. */
const compositionRoots = new Map([
  ['src/main.ts', 'the program: wires adapters to loops and servers'],
  ['src/cli/main.ts', 'the kubectl plugin: wires the cluster client to the verbs'],
  ['src/cli/connect.ts', 'the kubectl plugin: its port over the cluster adapter'],
  ['src/main/generate.ts', 'a script: collects what every part has to say for the chart and the reference docs'],
]);

/** Packages that bring I/O, time or state stay out of the inner rings and the ports. */
const pureRings = ['src/values', 'src/schema', 'src/core', 'src/manifests', 'src/ports'];
const purePackages = /^(node:crypto|node:util|typebox|typebox\/.*|yaml)$/;

const ringOf = (path: string): string => path.split('/').slice(0, 2).join('/');

/** `src/main.ts` in several files. */
const isRoot = (path: string): boolean => compositionRoots.has(path) || ringOf(path) === 'src/main';

const mayImport = (from: string, to: string): boolean => {
  const ring = ringOf(from);
  if (isRoot(to)) return isRoot(from);
  if (isRoot(from) || ring === ringOf(to)) return true;
  return (rings[ring] ?? []).includes(ringOf(to));
};

const relativeFinding = (from: string, to: string): Finding | undefined => {
  if (!to.startsWith('src/')) return to === 'package.json' ? undefined : `${from} imports ${to}, which is outside src`;
  return mayImport(from, to) ? undefined : `${from} imports ${to}, which ${ringOf(from)} may not`;
};

const packageFinding = (from: string, to: string): Finding | undefined => {
  if (to.startsWith('@kubernetes/client-node') && ringOf(from) !== 'src/kube')
    return `${from} imports the Kubernetes client, which only src/kube may`;
  if (/^(node:)?process$/.test(to) && ringOf(from) !== 'src/config')
    return `${from} imports ${to}, a way around the rule that only src/config reads the environment`;
  const pure = pureRings.includes(ringOf(from)) && !compositionRoots.has(from);
  return pure && !purePackages.test(to) ? `${from} imports ${to}, which is not for ${ringOf(from)}` : undefined;
};

/** Every import of a file of `src` that points the wrong way. Tests beside the code are not held to it. */
export const importFindings = (file: SourceFile): readonly Finding[] =>
  importsOf(file).flatMap(
    ({ target, local }) => (local ? relativeFinding(file.path, target) : packageFinding(file.path, target)) ?? [],
  );

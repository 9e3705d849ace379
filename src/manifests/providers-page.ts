/** The reference page of the traffic providers' kinds and capabilities. */
import type { Access, KindUse } from '../values/kind-use.ts';
import type { Feature } from '../values/split.ts';

export type ProviderRow = {
  readonly name: string;
  readonly splits: 'route' | 'replicas';
  readonly features: ReadonlySet<Feature>;
  readonly granularity: number;
  readonly uses: readonly KindUse[];
};

const code = (text: string): string => `\`${text}\``;

const done: Readonly<Record<Access, string>> = { adopt: 'split in place', own: 'made and removed', read: 'read' };

const onlyFor = (needed: KindUse['needed']): string => {
  if (needed === 'always') return '';
  return needed.length === 0 ? ' where it is served' : `; only for ${needed.map(code).join(', ')}`;
};

const kindText = ({ gvk, access, needed }: KindUse): string => {
  const only = onlyFor(needed);
  return `${code(`${gvk.kind}.${gvk.group}`)} (${gvk.version}): ${access.map((one) => done[one]).join(', ')}${only}`;
};

const row = ({ name, splits, features, granularity, uses }: ProviderRow): string => {
  const by = splits === 'route' ? 'routes' : 'the number of pods';
  const kinds = uses.length === 0 ? 'none' : uses.map(kindText).join('<br>');
  return `| ${code(name)} | ${by} | ${[...features].map(code).join(', ')} | ${granularity} % | ${kinds} |`;
};

/** Text of the page. */
export const providersPage = (rows: readonly ProviderRow[]): string =>
  [
    '# Traffic providers',
    '',
    'What a policy may name as its `provider`. A split that asks for more than its provider can do is refused.',
    '',
    '| Provider | Splits by | Can | Smallest step | Kinds |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(row),
    '',
  ].join('\n');

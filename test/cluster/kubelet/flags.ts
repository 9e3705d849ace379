import { parseArgs } from 'node:util';

export type Mode = 'process' | 'instant';

export interface Flags {
  readonly kubeconfig: string;
  readonly podCidr: string;
  readonly binDir: string;
  readonly workDir: string;
  readonly mode: Mode;
  readonly node: string;
  readonly restartBackoffMs: number;
}

export const USAGE = `usage: main.ts --kubeconfig FILE --bin-dir DIR --work-dir DIR [flags]

  --kubeconfig FILE          how to reach the API server (required)
  --bin-dir DIR              holds sluice-testapp; on the PATH of every container (required)
  --work-dir DIR             pod logs (<namespace>_<pod>/<container>.log), volumes, process records (required)
  --pod-cidr CIDR            IPv4 /16 whose addresses are local here (10.244.0.0/16)
  --mode process|instant     run containers, or only report pods as running (process)
  --node NAME                name of the Node object (sluice-node)
  --restart-backoff-ms MS    delay before the second restart in a row; a real kubelet's is 10000 (1000)
`;

/** Reads the command line; throws an Error that names every problem. */
export function parseFlags(argv: readonly string[]): Flags {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kubeconfig: text,
      'bin-dir': text,
      'work-dir': text,
      'pod-cidr': { ...text, default: '10.244.0.0/16' },
      mode: { ...text, default: 'process' },
      node: { ...text, default: 'sluice-node' },
      'restart-backoff-ms': { ...text, default: '1000' },
    },
  });
  const problems: string[] = [];
  const required = (flag: 'kubeconfig' | 'bin-dir' | 'work-dir'): string => {
    const value = values[flag] ?? '';
    if (value === '') problems.push(`--${flag} is required`);
    return value;
  };
  const backoff = Number(values['restart-backoff-ms']);
  if (!(backoff > 0)) problems.push('--restart-backoff-ms: want more than 0');
  if (values.mode !== 'process' && values.mode !== 'instant') problems.push('--mode: want process or instant');
  const flags = {
    kubeconfig: required('kubeconfig'),
    binDir: required('bin-dir'),
    workDir: required('work-dir'),
    podCidr: values['pod-cidr'],
    mode: values.mode as Mode,
    node: values.node,
    restartBackoffMs: backoff,
  };
  if (problems.length > 0) throw new Error(problems.join('; '));
  return flags;
}

/** All settings. The parser, `--help` and the reference docs are derived from this table. */
import {
  allowedAddresses,
  choice,
  host,
  list,
  namespacedName,
  namespace,
  port,
  text,
  url,
  wholeNumber,
  type Form,
} from './forms.ts';

export const commands = ['dev', 'webhook', 'controller'] as const;
export type Command = (typeof commands)[number];

export const commandMeanings: Readonly<Record<Command, string>> = {
  dev: 'Run webhook and controller in one process, outside the cluster.',
  webhook: 'Answer admission requests. Any number of replicas.',
  controller: 'Run the releases. Any number of replicas, one of which leads (see `--lease`).',
};

/** What applies if a setting is not given. `dev`: the default with that command, if it differs. */
type Absent = { readonly default: string; readonly dev?: string } | 'required' | 'unset';

/** The default of a setting that is not given. */
export const defaultOf = ({ absent }: Pick<Setting, 'absent'>, command: Command | undefined): string | undefined => {
  if (typeof absent !== 'object') return undefined;
  return command === 'dev' ? (absent.dev ?? absent.default) : absent.default;
};

export type Setting<T = unknown, C extends readonly Command[] = readonly Command[], A extends Absent = Absent> = {
  readonly flag: string;
  readonly env: string;
  readonly commands: C;
  readonly form: Form<T>;
  readonly absent: A;
  readonly meaning: string;
};

const define = <T, const C extends readonly Command[], const A extends Absent>(
  flag: string,
  form: Form<T>,
  rest: { readonly commands: C; readonly absent: A; readonly meaning: string },
): Setting<T, C, A> => ({ flag, form, env: `SLUICE_${flag.toUpperCase().replaceAll('-', '_')}`, ...rest });

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const settings = {
  kubeconfig: define('kubeconfig', text('FILE', 'the path of a kubeconfig file', '~/.kube/config'), {
    commands,
    absent: 'unset',
    meaning:
      "Kubeconfig of the cluster. If unset: `$KUBECONFIG`, then `~/.kube/config`, then the pod's service account.",
  }),
  namespace: define('namespace', namespace, {
    commands,
    absent: 'unset',
    meaning: 'Work in this namespace only. If unset: in all namespaces.',
  }),
  logLevel: define('log-level', choice(logLevels), {
    commands,
    absent: { default: 'info' },
    meaning: 'Minimum level of log lines.',
  }),
  metricsPort: define('metrics-port', port, {
    commands,
    // On a developer's machine, Prometheus often occupies 9090.
    absent: { default: '9090', dev: '0' },
    meaning: 'Port of `/metrics`, `/healthz` and `/readyz`. 0 picks a free one, which the log names.',
  }),
  port: define('port', port, {
    commands: ['dev', 'webhook'],
    absent: { default: '8443' },
    meaning: 'HTTPS port of the webhook. 0 picks a free one.',
  }),
  host: define('host', host, {
    commands: ['dev'],
    absent: { default: '127.0.0.1' },
    meaning: 'Address on which the webhook listens; the API server must be able to reach it.',
  }),
  failurePolicy: define('failure-policy', choice(['Fail', 'Ignore']), {
    commands: ['dev'],
    absent: { default: 'Fail' },
    meaning:
      'What the API server does with a new template while the webhook is unavailable: refuse it, or let it roll natively.',
  }),
  sluiceUser: define('as', text('USER', 'a user name', 'system:serviceaccount:sluice-system:sluice'), {
    commands: ['dev', 'webhook'],
    absent: { default: 'system:serviceaccount:sluice-system:sluice' },
    meaning: "Sluice's own user: `dev` impersonates it, and the webhook lets its writes pass.",
  }),
  certificateSecret: define('certificate-secret', namespacedName('sluice-system/sluice-webhook-certificate'), {
    commands: ['webhook'],
    absent: 'required',
    meaning: "The Secret with the webhook's certificate, managed by Sluice or supplied (see `--tls`).",
  }),
  tls: define('tls', choice(['self', 'secret']), {
    commands: ['webhook'],
    absent: { default: 'self' },
    meaning:
      'Who issues the certificate: Sluice, with its own authority (`self`), or somebody else, who puts `tls.crt`, `tls.key` and `ca.crt` into the Secret and renews them (`secret`).',
  }),
  caBundle: define('ca-bundle', choice(['patch', 'leave']), {
    commands: ['webhook'],
    absent: { default: 'patch' },
    meaning:
      'Whether Sluice writes `ca.crt` of a supplied Secret into the webhook configurations (`patch`), or leaves that to somebody else, such as cert-manager or the chart (`leave`).',
  }),
  clientCa: define(
    'client-ca',
    text('FILE', 'the path of a file with certificates in PEM', '/etc/sluice/client-ca.crt'),
    {
      commands: ['webhook'],
      absent: 'unset',
      meaning:
        'Authorities of client certificates: callers without a certificate from one of them are rejected. If unset, anybody who reaches the port may call. The file is reread when it changes.',
    },
  ),
  clientNames: define('client-names', list('NAMES', 'common names with commas between', 'kube-apiserver'), {
    commands: ['webhook'],
    absent: 'unset',
    meaning:
      'Accepted common names of client certificates. If unset, every certificate from `--client-ca` is accepted.',
  }),
  service: define('service', namespacedName('sluice-system/sluice-webhook'), {
    commands: ['webhook'],
    absent: 'required',
    meaning: 'The Service through which the API server calls the webhook; the certificate is issued for its names.',
  }),
  webhookConfiguration: define(
    'webhook-configuration',
    text('NAME', 'the name of both webhook configurations', 'sluice'),
    {
      commands: ['webhook'],
      absent: { default: 'sluice' },
      meaning: 'Name of the webhook configurations into which Sluice writes its authority.',
    },
  ),
  prometheus: define('prometheus', url('http://prometheus.monitoring:9090'), {
    commands,
    absent: 'unset',
    meaning:
      'Prometheus for the checks of policies that name none. The webhook does not query it, but lets policies name it.',
  }),
  allowedAddresses: define('allowed-addresses', allowedAddresses, {
    commands,
    absent: 'unset',
    meaning:
      'Addresses that policies may name besides `--prometheus`. An entry without a port allows the default port of its scheme; an entry with a path allows that path and everything below it. Loopback addresses (`localhost`, `127.0.0.1`, `[::1]`) are allowed only in exactly the listed form.',
  }),
  lease: define('lease', namespacedName('sluice-system/sluice-controller'), {
    commands: ['controller'],
    absent: 'unset',
    meaning: 'The Lease for leader election. If unset, this process leads at once, and must be the only one.',
  }),
  leaseSeconds: define('lease-seconds', wholeNumber(6, 300), {
    commands: ['controller'],
    absent: { default: '15' },
    meaning: 'Duration of the Lease: how long after a leader has crashed another replica takes over.',
  }),
  workers: define('workers', wholeNumber(1, 64), {
    commands: ['dev', 'controller'],
    absent: { default: '8' },
    meaning: 'How many workloads are reconciled at the same time.',
  }),
} as const satisfies Record<string, Setting>;

type Settings = typeof settings;
type ValueOf<S> =
  S extends Setting<infer T, readonly Command[], infer A> ? (A extends 'unset' ? T | undefined : T) : never;

type ConfigOf<C extends Command> = { readonly command: C } & {
  readonly [K in keyof Settings as C extends Settings[K]['commands'][number] ? K : never]: ValueOf<Settings[K]>;
};
export type DevConfig = ConfigOf<'dev'>;
export type WebhookConfig = ConfigOf<'webhook'>;
export type ControllerConfig = ConfigOf<'controller'>;

/** The command and its settings. Frozen; created only by `parseConfig`. */
export type Config = DevConfig | WebhookConfig | ControllerConfig;

/** The settings a command takes, in the order of the table. */
export const settingsOf = (command: Command): readonly (readonly [string, Setting])[] =>
  Object.entries<Setting>(settings).filter(([, setting]) => setting.commands.includes(command));

/** Every setting of the program, once: from this table come the parser, `--help` and the reference docs. */
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
  dev: 'Webhook and controller in one process, outside the cluster it works on.',
  webhook: 'Answer admission requests. Any number of replicas.',
  controller: 'Run the releases. Any number of replicas, of which one works (see `--lease`).',
};

/** What a setting is when neither its flag nor its variable is there; `dev`: with this command, where it is another. */
type Absent = { readonly default: string; readonly dev?: string } | 'required' | 'unset';

/** The text that stands for a setting that is not there. */
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
    meaning: 'The cluster. Without it `$KUBECONFIG`, `~/.kube/config`, then the service account of the pod.',
  }),
  namespace: define('namespace', namespace, {
    commands,
    absent: 'unset',
    meaning: 'Work in this namespace only. Without it in all of them.',
  }),
  logLevel: define('log-level', choice(logLevels), {
    commands,
    absent: { default: 'info' },
    meaning: 'The least level of the lines that are logged.',
  }),
  metricsPort: define('metrics-port', port, {
    commands,
    // Of a developer's machine 9090 is often a Prometheus' own.
    absent: { default: '9090', dev: '0' },
    meaning: 'Port of `/metrics`, `/healthz` and `/readyz`. 0 takes a free one, and the log says which.',
  }),
  port: define('port', port, {
    commands: ['dev', 'webhook'],
    absent: { default: '8443' },
    meaning: 'Port the webhook answers on (HTTPS). 0 takes a free one.',
  }),
  host: define('host', host, {
    commands: ['dev'],
    absent: { default: '127.0.0.1' },
    meaning: 'Address of this machine that the API server can reach; the webhook answers there.',
  }),
  failurePolicy: define('failure-policy', choice(['Fail', 'Ignore']), {
    commands: ['dev'],
    absent: { default: 'Fail' },
    meaning:
      'What the API server does with a new template while the webhook is away: refuse it, or let it roll natively.',
  }),
  sluiceUser: define('as', text('USER', 'a user name', 'system:serviceaccount:sluice-system:sluice'), {
    commands: ['dev', 'webhook'],
    absent: { default: 'system:serviceaccount:sluice-system:sluice' },
    meaning: "Sluice's own user: `dev` acts as it towards the API server, the webhook lets its writes pass.",
  }),
  certificateSecret: define('certificate-secret', namespacedName('sluice-system/sluice-webhook-certificate'), {
    commands: ['webhook'],
    absent: 'required',
    meaning: "The Secret that holds the webhook's certificate: kept by Sluice itself, or supplied (see `--tls`).",
  }),
  tls: define('tls', choice(['self', 'secret']), {
    commands: ['webhook'],
    absent: { default: 'self' },
    meaning:
      'Who makes the certificate: Sluice itself, with an authority of its own, or somebody else, who puts `tls.crt`, `tls.key` and `ca.crt` into the Secret and renews them.',
  }),
  caBundle: define('ca-bundle', choice(['patch', 'leave']), {
    commands: ['webhook'],
    absent: { default: 'patch' },
    meaning:
      'Whether `ca.crt` of a supplied Secret is put into the webhook configurations, or somebody else does that (cert-manager, the chart).',
  }),
  clientCa: define(
    'client-ca',
    text('FILE', 'the path of a file with certificates in PEM', '/etc/sluice/client-ca.crt'),
    {
      commands: ['webhook'],
      absent: 'unset',
      meaning:
        'Authorities of callers: without a certificate of one of them there is no handshake. Without it anybody who reaches the port may ask. The file is read again when it changes.',
    },
  ),
  clientNames: define('client-names', list('NAMES', 'common names with commas between', 'kube-apiserver'), {
    commands: ['webhook'],
    absent: 'unset',
    meaning: "Common names of callers' certificates. Without it every certificate of `--client-ca` may ask.",
  }),
  service: define('service', namespacedName('sluice-system/sluice-webhook'), {
    commands: ['webhook'],
    absent: 'required',
    meaning: 'The Service the API server reaches the webhook by; the certificate is made for its names.',
  }),
  webhookConfiguration: define(
    'webhook-configuration',
    text('NAME', 'the name of both webhook configurations', 'sluice'),
    {
      commands: ['webhook'],
      absent: { default: 'sluice' },
      meaning: 'Name of the webhook configurations that are told which authority to trust.',
    },
  ),
  prometheus: define('prometheus', url('http://prometheus.monitoring:9090'), {
    commands,
    absent: 'unset',
    meaning:
      'Where checks are measured, for policies that name no Prometheus of their own. The webhook asks nothing there: to it this is an address that policies may name.',
  }),
  allowedAddresses: define('allowed-addresses', allowedAddresses, {
    commands,
    absent: 'unset',
    meaning:
      'What policies may have Sluice ask besides `--prometheus`. An entry without a port means the one of its scheme, one with a path that path and what is below it. This machine (`localhost`, `127.0.0.1`, `[::1]`) may be named only where it is listed as it stands.',
  }),
  lease: define('lease', namespacedName('sluice-system/sluice-controller'), {
    commands: ['controller'],
    absent: 'unset',
    meaning:
      'The Lease by which replicas agree on the one that works. Without it this process works at once, and must be the only one.',
  }),
  leaseSeconds: define('lease-seconds', wholeNumber(6, 300), {
    commands: ['controller'],
    absent: { default: '15' },
    meaning:
      'How long the others leave a Lease alone that is not renewed any more: so long nobody works when the replica that did is gone without a word.',
  }),
  workers: define('workers', wholeNumber(1, 64), {
    commands: ['dev', 'controller'],
    absent: { default: '8' },
    meaning: 'Workloads that are looked after at the same time.',
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

/** What the program was asked to do, with the settings that its command takes. Frozen; only `parseConfig` makes one. */
export type Config = DevConfig | WebhookConfig | ControllerConfig;

/** The settings a command takes, in the order of the table. */
export const settingsOf = (command: Command): readonly (readonly [string, Setting])[] =>
  Object.entries<Setting>(settings).filter(([, setting]) => setting.commands.includes(command));

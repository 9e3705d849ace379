/** The parts that every command needs: log, metrics, API, caches, and the server for metrics and probes. */
import type { Config } from '../config/settings.ts';
import { environment } from '../config/environment.ts';
import { version } from '../config/version.ts';
import type { Instant, Milliseconds } from '../values/time.ts';
import { connectApi, type Api, type ApiReport } from '../kube/api.ts';
import { connectCluster, type ConnectedCluster } from '../kube/cluster.ts';
import { serverClock } from '../ports/server-clock.ts';
import { steadyClock } from '../kube/steady-clock.ts';
import type { WatchSpec } from '../kube/watch-spec.ts';
import { systemClock, unsettable, type Clock } from '../ports/clock.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { namingPort } from './port-in-use.ts';
import { startMetricsServer, type MetricsServer } from '../telemetry/metrics-server.ts';

export type Parts = {
  /** The clock of releases: the API server's time, which never jumps. */
  readonly clock: Clock;
  /** The API server's clock, estimated from its responses. */
  readonly serverClock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Connects as configured. `as` impersonates a user; `mayWrite` is called before every write. */
  readonly connect: (who?: { readonly as?: string; readonly mayWrite?: () => boolean }) => Api;
  readonly watch: (api: Api, specs: readonly WatchSpec[]) => ConnectedCluster;
  /** `ready` is called only once the caches are filled. */
  readonly serveMetrics: (cluster: ConnectedCluster, ready?: () => true | string) => Promise<MetricsServer>;
};

export const partsOf = (config: Config): Parts => {
  const base = unsettable(systemClock);
  const clock = steadyClock(base);
  const log = createLog(config.logLevel, process.stdout);
  const metrics = createMetrics({ processMetrics: true });
  const server = serverClock(systemClock, skewWatch(metrics, log));
  const heard = (date: string | undefined, asked: Instant): void => {
    clock.heard(date, asked);
    server.heard(date, systemClock.now() - (base.now() - asked));
  };
  const report = ({ verb, path, code }: ApiReport): void => metrics.kubeRequest(verb, kindOf(path), code);
  return {
    clock,
    serverClock: server,
    log,
    metrics,
    connect: ({ as, mayWrite } = {}) =>
      connectApi({
        env: environment(),
        clock: base,
        component: config.command,
        version: version(),
        report,
        heard,
        ...(config.kubeconfig === undefined ? {} : { kubeconfig: config.kubeconfig }),
        ...(as === undefined ? {} : { impersonate: { user: as } }),
        ...(mayWrite === undefined ? {} : { mayWrite }),
      }),
    watch: (api, watch) => connectCluster({ api, watch, clock, log }),
    serveMetrics: (cluster, ready) => serveMetrics(config, metrics, cluster, ready),
  };
};

const serveMetrics = (
  config: Config,
  metrics: Metrics,
  cluster: ConnectedCluster,
  ready: () => true | string = () => true,
): Promise<MetricsServer> =>
  namingPort(
    'metrics-port',
    config.metricsPort,
    startMetricsServer({
      port: config.metricsPort,
      // On a developer's machine, do not listen on all addresses.
      ...(config.command === 'dev' ? { host: config.host } : {}),
      metrics,
      ready: () => (cluster.pending().length === 0 ? ready() : `waiting for ${cluster.pending().join(', ')}`),
    }),
  );

const loggedSkew: Milliseconds = 60_000;

/** Sets the metric at every change, and logs when a large skew appears and when it disappears. */
const skewWatch = (metrics: Metrics, log: Log): ((skew: Milliseconds) => void) => {
  let logged = false;
  return (skew) => {
    metrics.clockSkew(skew);
    const matters = Math.abs(skew) >= loggedSkew;
    if (matters === logged) return;
    logged = matters;
    const seconds = Math.round(Math.abs(skew) / 1000);
    if (!matters) log.info({}, "this machine's clock and the API server's agree again");
    else
      log.warn(
        { reason: 'clock-skew' },
        `this machine's clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the API server's, which certificates and releases go by`,
      );
  };
};

/** The resource in an API path. Object names would make the metric unbounded. */
const kindOf = (path: string): string => {
  const [, root, ...rest] = path.split('?')[0]?.split('/') ?? [];
  const inGroup = root === 'api' ? rest.slice(1) : rest.slice(2);
  return (inGroup[0] === 'namespaces' && inGroup.length > 2 ? inGroup[2] : inGroup[0]) ?? 'other';
};

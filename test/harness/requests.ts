/**
 * Would a request have been lost? Every proxy follows a change of routes and endpoints in its own time, at the latest after
 * the propagation delay: what leads to a Service without a pod that the slowest of them knows is written down.
 */
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import { toRfc3339, type Instant, type Milliseconds } from '../../src/values/time.ts';
import { readyEndpoints } from '../../src/memory/endpoint-controller.ts';
import type { MemoryServer } from '../../src/memory/memory-server.ts';
import { virtualServices } from '../../src/traffic/istio.ts';

export type Requests = {
  /** What was lost, in words, each time once. */
  readonly losses: readonly string[];
  /** Share of the requests that the routes send to the canary now, in percent; undefined where no route says so. */
  share(): number | undefined;
  /** How late the slowest proxy is from now on. */
  slow(lag: Milliseconds): void;
  /** Looks at the proxies now: time may have passed. */
  look(): void;
};

type Site = { readonly namespace: string; readonly service: string };

const virtualService = virtualServices.gvk;

type Destination = { readonly host: string; readonly weight: number };

const destinationsIn = (object: KubeObject): readonly (readonly Destination[])[] =>
  ['http', 'tls', 'tcp'].flatMap((protocol) =>
    ((object.spec?.[protocol] ?? []) as readonly JsonObject[]).flatMap((rule) => {
      const routes = (rule['route'] ?? []) as readonly JsonObject[];
      const byDefault = routes.length === 1 ? 100 : 0;
      return [
        routes.map((route) => ({
          host: (route['destination'] as { readonly host: string }).host,
          weight: typeof route['weight'] === 'number' ? route['weight'] : byDefault,
        })),
      ];
    }),
  );

/** Where the requests go that come to the Service now: a list of shares for each rule that leads there. */
const routesTo = (server: MemoryServer, { namespace, service }: Site): readonly (readonly Destination[])[] => {
  const found = server.serves(virtualService) ? server.list(virtualService, namespace).flatMap(destinationsIn) : [];
  const leading = found.filter((list) => list.some(({ host }) => host === service));
  return leading.length === 0 ? [[{ host: service, weight: 100 }]] : leading;
};

/** What proxies follow. */
const concerned: ReadonlySet<string> = new Set([
  'VirtualService',
  'CustomResourceDefinition',
  'Service',
  'EndpointSlice',
]);

class Proxies implements Requests {
  readonly losses: string[] = [];
  readonly #server: MemoryServer;
  readonly #site: Site;
  #lag: Milliseconds;
  readonly #lost = new Set<string>();
  /** Until when the slowest proxy may still send there. */
  readonly #ledTo = new Map<string, Instant>();
  readonly #readySince = new Map<string, Instant>();

  constructor(server: MemoryServer, site: Site, lag: Milliseconds) {
    this.#server = server;
    this.#site = site;
    this.#lag = lag;
    // Who begins to look takes what is there as known to everybody.
    for (const address of this.#addresses(site.service)) this.#readySince.set(address, -Infinity);
    server.subscribe(({ object }) => {
      if (concerned.has(object.kind)) this.look();
    });
    this.look();
  }

  slow(lag: Milliseconds): void {
    this.#lag = lag;
  }

  share(): number | undefined {
    return routesTo(this.#server, this.#site)
      .map((list) => list.find(({ host }) => host === this.#canary)?.weight)
      .find((weight) => weight !== undefined);
  }

  look(): void {
    const now = this.#server.clock.now();
    this.#learnEndpoints(now);
    const lists = routesTo(this.#server, this.#site);
    const led = new Set(lists.flatMap((list) => list.filter(({ weight }) => weight > 0).map(({ host }) => host)));
    for (const host of led) {
      if (!this.#ledTo.has(host)) this.#mustBeKnown(host, now);
      this.#ledTo.set(host, Infinity);
    }
    for (const [host, until] of this.#ledTo)
      if (!led.has(host)) this.#ledTo.set(host, Math.min(until, now + this.#lag));
    for (const [host, until] of this.#ledTo) {
      this.#note(`requests to ${host}, which has no ready pod`, now < until && this.#addresses(host).length === 0);
      if (now >= until) this.#ledTo.delete(host);
    }
  }

  get #canary(): string {
    return `${this.#site.service}-canary`;
  }

  #addresses(host: string): readonly string[] {
    return readyEndpoints(this.#server, this.#site.namespace, host).flatMap(({ addresses }) => addresses);
  }

  #learnEndpoints(now: Instant): void {
    const ready = new Set([this.#site.service, this.#canary].flatMap((host) => this.#addresses(host)));
    for (const known of this.#readySince.keys()) if (!ready.has(known)) this.#readySince.delete(known);
    for (const address of ready) if (!this.#readySince.has(address)) this.#readySince.set(address, now);
  }

  /** A route may be followed before a new pod is known. */
  #mustBeKnown(host: string, now: Instant): void {
    const known = this.#addresses(host).some((one) => (this.#readySince.get(one) ?? now) <= now - this.#lag);
    if (!known) this.losses.push(`requests to ${host}, whose pods not every proxy knows, at ${this.#time()}`);
  }

  #note(what: string, isLost: boolean): void {
    if (isLost && !this.#lost.has(what)) this.losses.push(`${what}, at ${this.#time()}`);
    if (isLost) this.#lost.add(what);
    else this.#lost.delete(what);
  }

  #time(): string {
    return toRfc3339(this.#server.clock.now());
  }
}

/** Watches from now on. `lag`: how late the slowest proxy is. */
export const watchRequests = (server: MemoryServer, site: Site, lag: Milliseconds): Requests =>
  new Proxies(server, site, lag);

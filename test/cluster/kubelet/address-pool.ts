// Kept out of the pool: .0.x is the node and the control plane, .250.x and above are client proxies.
const FIRST_SUBNET = 1;
const LAST_SUBNET = 249;
const HOSTS = { first: 1, last: 254 };

/**
 * Pod addresses from an IPv4 /16. Addresses are assigned round robin, so a released one is reused as late as possible:
 * clients that still send to a dead pod's address must not reach another pod.
 */
export class AddressPool {
  readonly #prefix: string;
  readonly #used = new Set<string>();
  #next = 0;

  /** Throws when the CIDR is not an IPv4 /16. */
  constructor(cidr: string) {
    const match = /^(\d+\.\d+)\.0\.0\/16$/.exec(cidr);
    if (match?.[1] === undefined) throw new Error(`pod CIDR ${cidr}: want an IPv4 network such as 10.244.0.0/16`);
    this.#prefix = match[1];
  }

  /** The node's own address. */
  get node(): string {
    return `${this.#prefix}.0.1`;
  }

  /** Throws if every address is in use. */
  take(): string {
    const perSubnet = HOSTS.last - HOSTS.first + 1;
    const size = (LAST_SUBNET - FIRST_SUBNET + 1) * perSubnet;
    for (let tries = 0; tries < size; tries++) {
      const n = this.#next;
      this.#next = (this.#next + 1) % size;
      const address = `${this.#prefix}.${FIRST_SUBNET + Math.floor(n / perSubnet)}.${HOSTS.first + (n % perSubnet)}`;
      if (this.claim(address)) return address;
    }
    throw new Error('no pod address is free');
  }

  /**
   * Takes a specific address, for a pod that had it before. Returns false if it is in use or not a pod address of this
   * node.
   */
  claim(address: string): boolean {
    if (!address.startsWith(`${this.#prefix}.`) || address === this.node || this.#used.has(address)) return false;
    this.#used.add(address);
    return true;
  }

  giveBack(address: string): void {
    this.#used.delete(address);
  }
}

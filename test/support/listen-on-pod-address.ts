/**
 * Preloaded into a program that runs as a pod of the test cluster. There all pods share one network, so a server that
 * listens on every address, as it does in a network of its own, would take its port from all other pods.
 */
import { Server, type ListenOptions } from 'node:net';

const podAddress = process.env['POD_IP'];
const listen = Reflect.get(Server.prototype, 'listen') as (this: Server, ...args: unknown[]) => Server;

const onPodAddress = (first: unknown): unknown => {
  const options = first as ListenOptions | undefined;
  return typeof options === 'object' && options.host === undefined ? { ...options, host: podAddress } : first;
};

Reflect.set(Server.prototype, 'listen', function (this: Server, first: unknown, ...rest: unknown[]): Server {
  return listen.call(this, onPodAddress(first), ...rest);
});

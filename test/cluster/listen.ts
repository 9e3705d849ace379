import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { inTime } from './in-time.ts';

/** Opens a port of this machine's loopback address, any free one unless given, and resolves with its number. */
export const listen = async (server: Server, port = 0): Promise<number> => {
  server.listen(port, '127.0.0.1');
  await inTime('a server to listen', once(server, 'listening'));
  return (server.address() as AddressInfo).port;
};

/** Closes it; who is still connected must have been sent away before. */
export const close = async (server: Server): Promise<void> => {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  await inTime('a server to close', closed);
};

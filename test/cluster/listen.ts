import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { inTime } from './in-time.ts';

/** Listens on the loopback address, by default on any free port, and resolves to the port. */
export const listen = async (server: Server, port = 0): Promise<number> => {
  server.listen(port, '127.0.0.1');
  await inTime('a server to listen', once(server, 'listening'));
  return (server.address() as AddressInfo).port;
};

/** Closes the server. Open connections must have been closed before. */
export const close = async (server: Server): Promise<void> => {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  await inTime('a server to close', closed);
};

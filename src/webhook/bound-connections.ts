/** How many connections may be open, whoever opens them. */
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * At the limit a new connection takes the place of the one that has been quiet longest: that has neither asked nor been
 * answered. API servers use theirs, or leave them idle and can open others; whoever holds many open loses them first.
 */
export const boundConnections = (server: Server, most: number): void => {
  // In the order in which they were last heard of.
  const open = new Map<string, Duplex>();
  const heardOf = (peer: string): void => {
    const socket = open.get(peer);
    if (socket === undefined) return;
    open.delete(peer);
    open.set(peer, socket);
  };
  server.on('connection', (socket) => {
    const peer = peerOf(socket as Duplex & Addressed);
    open.set(peer, socket);
    socket.on('close', () => {
      // The port may be another connection's by now.
      if (open.get(peer) === socket) open.delete(peer);
    });
    const [quietest] = open.values();
    if (open.size > most) quietest?.destroy();
  });
  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    heardOf(peer);
    response.on('close', () => heardOf(peer));
  });
};

type Addressed = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/** The same for a TLS connection and for the TCP connection below it. */
const peerOf = ({ remoteAddress, remotePort }: Addressed): string => `${remoteAddress} ${remotePort}`;

/** Limits the number of open connections. */
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Connections by peer address; the one that has been idle longest comes first. */
type Connections = Map<string, Duplex>;

/**
 * At the limit, a new connection evicts an existing one: one that has never sent a request if there is one, else the one
 * that has been idle longest. API servers send a request at once and then often, so peers that merely hold connections open
 * are evicted first.
 */
export const boundConnections = (server: Server, most: number): void => {
  const mute: Connections = new Map();
  const known: Connections = new Map();
  const heardOf = (peer: string): void => {
    const socket = known.get(peer) ?? mute.get(peer);
    if (socket === undefined) return;
    mute.delete(peer);
    known.delete(peer);
    known.set(peer, socket);
  };
  server.on('connection', (socket) => {
    const peer = peerOf(socket as Duplex & Addressed);
    if (mute.size + known.size >= most) takeFirst(mute.size > 0 ? mute : known)?.destroy();
    mute.set(peer, socket);
    socket.on('close', () => {
      // A newer connection may use the same peer port by now.
      for (const open of [mute, known]) if (open.get(peer) === socket) open.delete(peer);
    });
  });
  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    heardOf(peer);
    response.on('close', () => heardOf(peer));
  });
};

/** Removes the first connection from the count at once, although closing it takes a moment. */
const takeFirst = (connections: Connections): Duplex | undefined => {
  const [entry] = connections;
  if (entry !== undefined) connections.delete(entry[0]);
  return entry?.[1];
};

type Addressed = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/** The key of a peer: the same for a TLS connection and for the TCP connection underneath. */
const peerOf = ({ remoteAddress, remotePort }: Addressed): string => `${remoteAddress} ${remotePort}`;

/** How many connections may be open, whoever opens them. */
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Connections by their peer, the one that has been quiet longest first. */
type Connections = Map<string, Duplex>;

/**
 * At the limit a new connection takes the place of another: of one that has never asked anything, or else of the one that
 * has been quiet longest. API servers ask at once and then often, so whoever only holds connections open loses them first.
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
      // The port may be another connection's by now.
      for (const open of [mute, known]) if (open.get(peer) === socket) open.delete(peer);
    });
  });
  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    heardOf(peer);
    response.on('close', () => heardOf(peer));
  });
};

/** It counts no longer, though it takes a moment to be closed. */
const takeFirst = (connections: Connections): Duplex | undefined => {
  const [entry] = connections;
  if (entry !== undefined) connections.delete(entry[0]);
  return entry?.[1];
};

type Addressed = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/** The same for a TLS connection and for the TCP connection below it. */
const peerOf = ({ remoteAddress, remotePort }: Addressed): string => `${remoteAddress} ${remotePort}`;

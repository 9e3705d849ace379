/** A TCP door in front of the cluster's Prometheus: closed, its address refuses connections as a stopped one does. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { close, listen } from '../cluster/listen.ts';

export type PrometheusGate = {
  readonly url: string;
  close(): Promise<void>;
  open(): Promise<void>;
};

/** Only this test's Sluice loses its Prometheus; other tests share the real one. */
export const startPrometheusGate = async (upstream: string): Promise<PrometheusGate> => {
  const { hostname, port } = new URL(upstream);
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let own = 0;
  const open = async (): Promise<void> => {
    server = createServer((client) => {
      const behind = connect(Number(port), hostname);
      for (const socket of [client, behind]) {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => [client, behind].forEach((s) => s.destroy()));
      }
      client.pipe(behind).pipe(client);
    });
    own = await listen(server, own);
  };
  await open();
  return {
    url: `http://127.0.0.1:${own}`,
    open,
    close: async () => {
      if (server?.listening !== true) return;
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
};

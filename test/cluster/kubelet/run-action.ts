import { execFile } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Env } from './container-env.ts';
import type { Action, Container, HttpGet } from './kube-types.ts';
import { pause } from '../pause.ts';

/** The target of a probe or hook. */
export interface ActionTarget {
  readonly container: Container;
  readonly podIP: string;
  readonly env: Env;
  /** Command prefix that enters the container's mount namespace; empty if it has none. */
  readonly enter: readonly string[];
}

export interface Outcome {
  readonly ok: boolean;
  /** Why it failed, as the kubelet words it. */
  readonly output: string;
}

/** Runs a probe or hook once, within `timeoutMs`. Never rejects. */
export async function runAction(action: Action, target: ActionTarget, timeoutMs: number): Promise<Outcome> {
  if (action.httpGet) return await httpGet(action.httpGet, target, timeoutMs);
  if (action.tcpSocket) {
    const { host, port } = action.tcpSocket;
    return await tcpConnect(host ?? target.podIP, portNumber(port, target.container), timeoutMs);
  }
  if (action.exec) return await execute(action.exec.command ?? [], target, timeoutMs);
  if (action.sleep) {
    await pause(action.sleep.seconds * 1000);
    return { ok: true, output: '' };
  }
  return { ok: false, output: 'unsupported kind of action' };
}

function portNumber(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  return container.ports?.find((each) => each.name === port)?.containerPort ?? Number(port);
}

function httpGet(get: HttpGet, target: ActionTarget, timeoutMs: number): Promise<Outcome> {
  const secure = get.scheme === 'HTTPS';
  const sent = (get.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value] as const);
  const headers = { 'user-agent': 'kube-probe/1.36', connection: 'close', ...Object.fromEntries(sent) };
  const options = {
    host: get.host ?? target.podIP,
    port: portNumber(get.port, target.container),
    path: get.path ?? '/',
    headers,
    agent: false,
    // As in the kubelet, probes do not verify certificates.
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(timeoutMs),
  } as const;
  return new Promise((resolve) => {
    const request = (secure ? https : http).get(options, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      const ok = status >= 200 && status < 400;
      resolve({ ok, output: ok ? '' : `HTTP probe failed with statuscode: ${status}` });
    });
    request.on('error', (error) => resolve({ ok: false, output: `Get "${url(secure, options)}": ${error.message}` }));
  });
}

function url(secure: boolean, to: { host: string; port: number; path: string }): string {
  return `${secure ? 'https' : 'http'}://${to.host}:${to.port}${to.path}`;
}

function tcpConnect(host: string, port: number, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: timeoutMs });
    const end = (outcome: Outcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on('connect', () => end({ ok: true, output: '' }));
    socket.on('error', (error) => end({ ok: false, output: `dial tcp ${host}:${port}: ${error.message}` }));
    socket.on('timeout', () => end({ ok: false, output: `dial tcp ${host}:${port}: i/o timeout` }));
  });
}

function execute(command: readonly string[], target: ActionTarget, timeoutMs: number): Promise<Outcome> {
  const [file, ...args] = [...target.enter, ...command];
  if (file === undefined) return Promise.resolve({ ok: false, output: 'no command' });
  const options = { env: target.env, timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      const output = error?.killed === true ? `command timed out after ${timeoutMs} ms` : `${stdout}${stderr}`.trim();
      resolve({ ok: error === null, output: error === null ? '' : output || error.message });
    });
  });
}

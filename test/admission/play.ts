/** Plays cases on a stage: every one under a name of its own, all at once, with few tools running at a time. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, Labels } from '../../src/values/kube-object.ts';
import { kinds } from '../../src/schema/kinds.ts';
import { compareVersions } from '../../src/kube/resource-version.ts';
import type { Finished } from '../cluster/binaries/run-command.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import type { Stage } from '../support/stage.ts';
import type { Case, Files, Given, Seen, State } from './case.ts';
import { isSettled, isUpToDate, look, podNames } from './look.ts';
import { chart, fileText, service } from './manifest.ts';

/** What came of a case, in the shape of what was expected. */
export type Outcome = {
  readonly see: Seen;
  readonly then: State | 'same';
  readonly events: readonly string[];
  /** What served before, and whether the very same pods serve now. */
  readonly served: readonly string[];
  readonly pods: 'the same' | 'others';
};

export type Outcomes = ReadonlyMap<Case, Promise<Outcome>>;

export type Playing = { readonly case: Case; readonly given: Given; readonly name: string };

/** Programs that run at a time, and cases that are under way at a time: more would only wait for each other. */
const tools = 5;
const cases = 24;
const patience = { withinMs: 120_000, everyMs: 100 };

/** Runs at most `slots` of the tasks it is given at a time. */
const turnstile = (slots: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
  let free = slots;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
};

export class Players {
  readonly #stage: Stage;
  readonly #folder: string;
  readonly #turn = turnstile(tools);

  private constructor(stage: Stage, folder: string) {
    this.#stage = stage;
    this.#folder = folder;
  }

  /** With a kubeconfig of their own whose namespace is the stage's, so that commands need not say it. */
  static async on(stage: Stage): Promise<Players> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-table-'));
    const { stdout } = await stage.cluster.kubectl('config', 'view', '--raw', '--flatten');
    const file = join(folder, 'kubeconfig');
    await writeFile(file, stdout, { mode: 0o600 });
    await stage.cluster.kubectl(
      '--kubeconfig',
      file,
      'config',
      'set-context',
      '--current',
      '--namespace',
      stage.namespace,
    );
    return new Players(stage, folder);
  }

  /** A kubeconfig that acts as this user: the API server tells Sluice's own writes from a person's by it. */
  async kubeconfigAs(user: string): Promise<string> {
    const { stdout } = await this.#stage.cluster.kubectl('config', 'view', '--raw', '--flatten', '-o', 'json');
    const config = JSON.parse(stdout) as { readonly users: readonly { readonly user: object }[] };
    const users = config.users.map((entry) => ({ ...entry, user: { ...entry.user, as: user } }));
    const file = join(this.#folder, 'kubeconfig-as');
    await writeFile(file, JSON.stringify({ ...config, users }), { mode: 0o600 });
    return file;
  }

  leave(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  /** Every case, in order; resolves when all are over. What came of each is in the promise that stands for it. */
  async playAll(all: readonly Playing[]): Promise<Outcomes> {
    const stand = turnstile(cases);
    const prepared = this.#prepare(all);
    const play = async (one: Playing): Promise<Outcome> => {
      await this.#begin(one);
      return this.#write(one);
    };
    const outcomes = new Map(all.map((one) => [one.case, stand(() => play(one))] as const));
    await Promise.all([prepared, Promise.allSettled(outcomes.values())]);
    return outcomes;
  }

  /** The same with something that happens between the beginnings and the writes. */
  async playAround(all: readonly Playing[], between: () => Promise<unknown>): Promise<Outcomes> {
    await Promise.all([this.#prepare(all), ...all.map((one) => this.#begin(one))]);
    await between();
    const outcomes = new Map(all.map((one) => [one.case, this.#write(one)] as const));
    await Promise.allSettled(outcomes.values());
    return outcomes;
  }

  /** What cases begin with, by a few calls of kubectl, the first cases first. */
  async #prepare(all: readonly Playing[]): Promise<void> {
    const objects = all.flatMap((one) => {
      const start = one.given.start === undefined ? [] : [fileText(one.given.start, annotationsOf(one))];
      return [JSON.stringify(service), ...start].map((text) => JSON.parse(this.#staged(text, one.name)) as KubeObject);
    });
    const parts = Array.from({ length: tools - 1 }, (_, part) => objects.filter((__, i) => i % (tools - 1) === part));
    await Promise.all(parts.map((part) => this.#applied(part)));
  }

  /**
   * Whatever it takes: that a busy machine keeps one answer of a webhook beyond its deadline is not what is looked at.
   * But each once: cases whose beginning was taken are under way by then, and would be set back.
   */
  async #applied(objects: readonly KubeObject[]): Promise<void> {
    let said = '';
    let left = objects;
    const taken = async (): Promise<boolean> => {
      const { code, stdout, stderr } = await this.#stage.send(left);
      const isTaken = ({ kind, metadata: { name } }: KubeObject): boolean =>
        new RegExp(`^${kind}\\S*/${name} `, 'im').test(stdout);
      left = left.filter((object) => !isTaken(object));
      said = stderr;
      return code === 0;
    };
    await waitUntil('the beginnings', taken, { ...patience, seen: () => said });
  }

  async #begin(playing: Playing): Promise<void> {
    const { case: one, given, name } = playing;
    if (given.started !== undefined) await this.#until(given.started, name, 'the start');
    for (const step of given.steps ?? []) {
      const { code, stderr } = await this.#run(step.run, step.files ?? {}, playing);
      if (code !== 0) throw new Error(`${step.run}: ${stderr}`);
      await this.#until(step.until, name, step.run);
    }
    if (one.then === 'same') await waitUntil(`${name} to settle`, () => isSettled(this.#stage, name), patience);
  }

  async #write(playing: Playing): Promise<Outcome> {
    const { case: one, name } = playing;
    const [served, pods] = [look(this.#stage, name).serves, podNames(this.#stage, name)];
    const before = await this.#version(name);
    const finished = await this.#run(one.run, one.files ?? {}, playing);
    const same = (): boolean => isDeepStrictEqual(podNames(this.#stage, name), pods);
    const podsToo = (): boolean => same() === keepsPods(one, served);
    const then = await this.#outcome(one.then, name, { before, podsToo });
    await this.#toldOf(one.events ?? [], name);
    return {
      see: this.#seen(finished, name, one.see),
      then,
      events: (one.events ?? []).filter((reason) => this.#told(name).includes(reason)),
      served,
      pods: same() ? 'the same' : 'others',
    };
  }

  /** What is expected, or else what there is when patience ends. */
  async #outcome(
    then: State | 'same',
    name: string,
    { before, podsToo }: { before: string; podsToo: () => boolean },
  ): Promise<State | 'same'> {
    const stored = await this.#version(name);
    if (then === 'same') return stored === before ? 'same' : look(this.#stage, name);
    const seen = (): string | undefined => this.#stage.deployment(name)?.metadata.resourceVersion;
    const isSeen = (): boolean => (stored === '' ? seen() === undefined : (compareVersions(seen(), stored) ?? -1) >= 0);
    await waitUntil(`the watch to see ${name}`, isSeen, patience);
    await this.#until(then, name, 'the outcome', podsToo).catch(() => undefined);
    return look(this.#stage, name);
  }

  /** Of what is stored now, whatever the watches have seen of it. */
  async #version(name: string): Promise<string> {
    const ref = { gvk: kinds.deployment, namespace: this.#stage.namespace, name };
    return (await this.#stage.view.fetch(ref))?.metadata.resourceVersion ?? '';
  }

  #told(name: string): readonly string[] {
    return this.#stage.events(name).map((event) => event.split(':')[0] ?? '');
  }

  async #toldOf(reasons: readonly string[], name: string): Promise<void> {
    const all = (): boolean => reasons.every((reason) => this.#told(name).includes(reason));
    await waitUntil(`events of ${name}`, all, patience).catch(() => undefined);
  }

  async #until(state: State, name: string, what: string, over = () => true): Promise<void> {
    const reached = (): boolean =>
      isDeepStrictEqual(look(this.#stage, name), state) && isUpToDate(this.#stage, name) && over();
    const seen = (): string => JSON.stringify(look(this.#stage, name));
    await waitUntil(`${name} after ${what} to be ${JSON.stringify(state)}`, reached, { ...patience, seen });
  }

  /** The command, in a folder with the case's files. */
  #run(command: string, files: Files, playing: Playing): Promise<Finished> {
    return this.#turn(async () => {
      const folder = join(this.#folder, playing.name);
      for (const [path, text] of Object.entries(textsOf(files, annotationsOf(playing)))) {
        const file = join(folder, this.#staged(path, playing.name));
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, this.#staged(text, playing.name));
      }
      const script = `export KUBECONFIG="$0"; cd "$1" && ${this.#staged(command, playing.name)}`;
      return this.#stage.cluster.run('sh', ['-c', script, join(this.#folder, 'kubeconfig'), folder]);
    });
  }

  /** Text of a case as it is for this player. */
  #staged(text: string, name: string): string {
    return text
      .replace(/\bweb:/g, 'sluice.test/app:')
      .replace(/\bweb\b/g, name)
      .replace(/\bshop\b/g, this.#stage.namespace);
  }

  #seen({ code, stdout, stderr }: Finished, name: string, { says }: Seen): Seen {
    const text = `${stdout}\n${stderr}`
      .replaceAll('sluice.test/app:', 'web:')
      .replaceAll(this.#stage.namespace, 'shop')
      .replace(new RegExp(`\\b${name}\\b`, 'g'), 'web');
    const lines = text.split('\n');
    const rest = lines.filter((line) => warningIn(line) === undefined).join('\n');
    return {
      exit: code,
      says: says.every((part) => rest.includes(part)) ? says : [rest],
      warnings: lines.flatMap((line) => warningIn(line) ?? []),
    };
  }
}

/** As kubectl prints it, and as Helm's log does: in quotes there, or as a line of the level W by earlier versions. */
const warningIn = (line: string): string | undefined => {
  const quoted = /^I\d{4} .*warnings\.go:\d+\] ("Warning: .*")$/.exec(line)?.[1];
  const plain = quoted === undefined ? line : (JSON.parse(quoted) as string);
  return /^(?:Warning: |W\d{4} .*warnings\.go:\d+\] )(.*)$/.exec(plain)?.[1];
};

/** Whether the pods that served before are to serve afterwards, too. */
export const keepsPods = ({ then, newPods }: Case, served: readonly string[]): boolean =>
  then === 'same' || (newPods !== true && isDeepStrictEqual(then.serves, served));

const annotationsOf = ({ case: one, given }: Playing): Labels => ({ ...given.annotations, ...one.with });

const textsOf = (files: Files, annotations: Labels): { readonly [path: string]: string } => ({
  ...chart(annotations),
  ...Object.fromEntries(Object.entries(files).map(([name, file]) => [name, fileText(file, annotations)])),
});

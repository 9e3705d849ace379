import { listReleases, locate, noRelease } from './locate.ts';
import { objectOutput, outputOption, type ObjectOutput } from './object-output.ts';
import { markedRelease, needsAttention, newestPerWorkload, type ReleaseView } from './release-view.ts';
import { renderStatus } from './render-status.ts';
import type { Session } from './session.ts';
import { PluginError } from './plugin-error.ts';
import type { Verb } from './verb.ts';

const ofWorkload = async (session: Session, written: string): Promise<ReleaseView> => {
  const { workload, release } = await locate(session, written);
  if (release !== undefined) return release;
  const marked = markedRelease(workload);
  if (marked === undefined) throw await noRelease(session, workload);
  throw new PluginError(
    `The change of Deployment ${workload.metadata.name} has been held back, and its Release ${marked} has not been made yet.`,
    "That takes a moment. When it does not appear, look whether Sluice's controller runs.",
  );
};

const one = async (session: Session, written: string, output?: ObjectOutput): Promise<number> => {
  const release = await ofWorkload(session, written);
  const lines = renderStatus(release, session.clock.now());
  session.terminal.out(output?.object(release.object) ?? `${lines.join('\n')}\n`);
  return 0;
};

const running = async (session: Session, output?: ObjectOutput): Promise<number> => {
  const { terminal, namespace, clock } = session;
  const releases = newestPerWorkload(await listReleases(session, namespace)).filter(needsAttention);
  const views = releases.map((release) => renderStatus(release, clock.now()).join('\n'));
  if (output !== undefined) terminal.out(output.list(releases.map(({ object }) => object)));
  else if (views.length > 0) terminal.out(`${views.join('\n\n\n')}\n`);
  else
    terminal.err(`No release is running or held in namespace ${namespace}. kubectl sluice list shows the last ones.\n`);
  return 0;
};

export const status: Verb = {
  name: 'status',
  workload: 'optional',
  summary: "show a workload's release in full; without a name, all that run or wait for a person",
  options: [outputOption],
  run: (session, call) => {
    const output = objectOutput(call);
    return call.workload === undefined ? running(session, output) : one(session, call.workload, output);
  },
};

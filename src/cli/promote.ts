import { ask } from './request.ts';
import { reasonOption, textOf, workloadOf, type Verb } from './verb.ts';

export const promote: Verb = {
  name: 'promote',
  workload: 'required',
  summary: 'approve a release that waits, or leave out the steps that remain',
  options: [reasonOption],
  run: (session, call) => {
    const reason = textOf(call, 'reason');
    const asked = { workload: workloadOf(call), verb: 'promote', ...(reason === undefined ? {} : { reason }) } as const;
    return ask(session, asked, 'The workload rolls to the new version.');
  },
};

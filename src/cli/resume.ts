import { ask } from './request.ts';
import { reasonOption, textOf, workloadOf, type Verb } from './verb.ts';

export const resume: Verb = {
  name: 'resume',
  workload: 'required',
  summary: 'let a release that waits for a person go on with its next step',
  options: [reasonOption],
  run: (session, call) => {
    const reason = textOf(call, 'reason');
    const asked = { workload: workloadOf(call), verb: 'resume', ...(reason === undefined ? {} : { reason }) } as const;
    return ask(session, asked, 'The release goes on.');
  },
};

import { ask } from './request.ts';
import { reasonOption, textOf, workloadOf, type Verb } from './verb.ts';

export const retry: Verb = {
  name: 'retry',
  workload: 'required',
  summary: 'try the version of a failed release again',
  options: [reasonOption],
  run: (session, call) => {
    const reason = textOf(call, 'reason');
    const asked = { workload: workloadOf(call), verb: 'retry', ...(reason === undefined ? {} : { reason }) } as const;
    return ask(session, asked, 'The same version is tried again as a new release.');
  },
};

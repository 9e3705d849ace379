import { ask } from './request.ts';
import { reasonOption, textOf, workloadOf, type Verb } from './verb.ts';

export const abort: Verb = {
  name: 'abort',
  workload: 'required',
  summary: 'end the running release and put the earlier version back',
  options: [reasonOption],
  run: (session, call) => {
    const reason = textOf(call, 'reason');
    const asked = { workload: workloadOf(call), verb: 'abort', ...(reason === undefined ? {} : { reason }) } as const;
    return ask(session, asked, 'Traffic goes back, then the earlier version is put back.');
  },
};

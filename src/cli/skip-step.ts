import { ask } from './request.ts';
import { reasonOption, textOf, workloadOf, type Verb } from './verb.ts';

export const skipStep: Verb = {
  name: 'skip-step',
  workload: 'required',
  summary: 'leave the present step of a release, whatever it waits for',
  options: [reasonOption],
  run: (session, call) => {
    const reason = textOf(call, 'reason');
    const asked = {
      workload: workloadOf(call),
      verb: 'skip-step',
      ...(reason === undefined ? {} : { reason }),
    } as const;
    return ask(session, asked, 'The next step begins.');
  },
};

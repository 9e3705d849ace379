/** How a release ends, in its status. */
import { Type } from 'typebox';

const opt = Type.Optional;
const text = (description: string): Type.TString => Type.String({ description });
const time = (description: string): Type.TString => Type.String({ format: 'date-time', description });

export const EndingSchema = Type.Object(
  {
    outcome: Type.Enum(['Succeeded', 'Failed', 'Aborted', 'Superseded', 'Skipped', 'Bypassed']),
    reason: text('One word for machines.'),
    message: text('One sentence for people.'),
    decidedAt: time('When it was decided.'),
    growth: opt(
      Type.Object(
        {
          from: Type.Integer({ description: 'Replicas, or pods that served, when it was decided.' }),
          to: Type.Integer({ description: 'Replicas that the whole load needs.' }),
          reachedAt: opt(time('When the workload had been given them. It is given them once.')),
        },
        {
          description:
            'Set where an autoscaler had made the workload smaller: it grows before it serves everything again.',
        },
      ),
    ),
    withdrawnAt: opt(time("When the canary's traffic was withdrawn, if stable had to recover or to grow first.")),
  },
  { description: 'How the release will end. Decided before anything is removed.' },
);

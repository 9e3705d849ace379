/** One thing that has happened to a release, as its status keeps it. */
import { Type } from 'typebox';

const time = (description: string): Type.TString => Type.String({ format: 'date-time', description });
const text = (description: string): Type.TString => Type.String({ description });

export const HistoryEntrySchema = Type.Object({
  seq: Type.Integer({ minimum: 1, description: 'Counts what has happened to this release, without gaps.' }),
  at: time('When.'),
  type: Type.Enum(['Normal', 'Warning']),
  reason: text('One word for machines, as in the Kubernetes event.'),
  action: text('What was done about it, one word.'),
  message: text('One sentence for people.'),
  toldOn: Type.Enum(['workload', 'release', 'both'], { description: 'Which objects get the Kubernetes event.' }),
});

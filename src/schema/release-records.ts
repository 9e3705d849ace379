/** Users' requests as a Release's status records them. */
import { Type } from 'typebox';

const time = (description: string): Type.TString => Type.String({ format: 'date-time', description });
const text = (description: string): Type.TString => Type.String({ description });
const opt = Type.Optional;

export const AcknowledgedSchema = Type.Object({
  id: text("The request's id."),
  verb: text('What was asked.'),
  by: opt(text('Who.')),
  reason: opt(text('Why.')),
  result: text('The outcome.'),
  accepted: Type.Boolean({ description: 'Whether it was carried out.' }),
  at: time('When the controller processed it.'),
});

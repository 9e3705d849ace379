/** What a Release says of the stable arm. */
import { Type } from 'typebox';
import type { Labels } from '../values/kube-object.ts';

const mostPorts = 256;

const PortSchema = Type.Object({
  name: Type.Optional(Type.String({ description: 'Name of the port.' })),
  port: Type.Integer({ description: 'Its number.' }),
});

export const StableSchema = Type.Object(
  {
    labels: Type.Unsafe<Labels>({
      type: 'object',
      description: 'Labels of its pods.',
      additionalProperties: { type: 'string' },
    }),
    ports: Type.Array(PortSchema, { maxItems: mostPorts, description: 'Ports that its containers declare.' }),
  },
  { description: 'What has to fit the Service for the stable template to be reached, as far as it is known.' },
);

const time = (description: string): Type.TString => Type.String({ format: 'date-time', description });

export const StandInSchema = Type.Object(
  {
    since: time('When it began.'),
    cutOff: Type.Boolean({
      description:
        'The Service leads past stable, whose pods cannot mend that: only the promotion or another Service does.',
    }),
    stableBackSince: Type.Optional(time('Since when stable has answered again, if it does.')),
  },
  {
    description:
      'Set while the canary takes all of the traffic, whatever split is wanted, because stable has nobody to answer it.',
  },
);

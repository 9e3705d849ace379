import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { crdFile, selectCrds } from './crds.ts';

describe('custom resource definitions', () => {
  test('only definitions are kept, without prose, but a property called description stays', () => {
    const crd = (schema: string): string =>
      `kind: CustomResourceDefinition\nmetadata: {name: a.b}\nschema: ${schema}\n`;
    const text = `kind: ValidatingAdmissionPolicy\n---\n${crd('{description: long, properties: {description: {type: string, description: x}}}')}`;
    expect(parseAllDocuments(selectCrds(text)).map((document) => document.toJS() as unknown)).toEqual([
      {
        kind: 'CustomResourceDefinition',
        metadata: { name: 'a.b' },
        schema: { properties: { description: { type: 'string' } } },
      },
    ]);
  });

  test('the own definition of TrafficSplit serves each version once and stores one', async () => {
    type Version = { name: string; served: boolean; storage: boolean };
    const [crd] = parseAllDocuments(await readFile(crdFile('smi', '/unused'), 'utf8'));
    const { versions } = (crd?.toJS() as { spec: { versions: Version[] } }).spec;
    expect(versions.map(({ name, served }) => [name, served])).toEqual(
      ['v1alpha1', 'v1alpha2', 'v1alpha3', 'v1alpha4'].map((name) => [name, true]),
    );
    expect(versions.filter(({ storage }) => storage)).toHaveLength(1);
  });
});

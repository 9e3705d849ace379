import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { importsOf, isTest, sourceFiles, type Finding, type SourceFile } from './source-tree.ts';

type Manifest = {
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(new URL(`../../${folder}package.json`, import.meta.url), 'utf8')) as Manifest;

const folder = 'test/cluster/';
const own = manifestOf(folder);
const doors = new Set(Object.values(own.exports).map((path) => folder + path.replace('./', '')));
const isInside = (path: string): boolean => path.startsWith(folder);

const packageFindings = (file: SourceFile): readonly Finding[] =>
  importsOf(file).flatMap(({ target, local }) => {
    if (!isInside(file.path)) return !isInside(target) || doors.has(target) ? [] : [`${file.path} imports ${target}`];
    const known = target.startsWith('node:') || target in own.dependencies;
    const allowed = local ? isInside(target) : known || (isTest(file.path) && target === '@jest/globals');
    return allowed ? [] : [`${file.path} imports ${target}`];
  });

describe('the test cluster is a package of its own', () => {
  const files = ['src', 'test', 'bench', 'certs'].flatMap(sourceFiles);

  it('that needs nothing of this repository, and is entered by what it exports alone', () =>
    expect(files.flatMap(packageFindings)).toEqual([]));

  it('that exports what there is', () => {
    const paths = new Set(files.map(({ path }) => path));
    expect([...doors].filter((path) => !paths.has(path))).toEqual([]);
  });

  it('that declares the dependencies which this repository installs for it', () => {
    const { dependencies } = manifestOf('');
    expect(dependencies).toMatchObject(own.dependencies);
  });
});

describe('an import across the border is found', () => {
  it.each([
    ['of the product', 'test/cluster/up.ts', "import { kinds } from '../../src/schema/kinds.ts';"],
    ['of the test kit', 'test/cluster/up.ts', "import { Stage } from '../support/stage.ts';"],
    ['of a package that is not declared', 'test/cluster/up.ts', "import pino from 'pino';"],
    ['of what is not exported', 'test/e2e/x.test.ts', "import { ask } from '../cluster/control-client.ts';"],
  ])('%s', (_case, path, text) => expect(packageFindings({ path, text })).toHaveLength(1));

  it.each([
    ['of an exported module', 'test/e2e/x.test.ts', "import { up } from '../cluster/up.ts';"],
    ['of a declared package', 'test/cluster/x.ts', "import { parse } from 'yaml';"],
    ['of the test runner by a test', 'test/cluster/x.test.ts', "import { it } from '@jest/globals';"],
  ])('and one that is allowed is not: %s', (_case, path, text) => expect(packageFindings({ path, text })).toEqual([]));
});

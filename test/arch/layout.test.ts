import { describe, expect, it } from '@jest/globals';
import { isTest, sourceFiles, type Finding, type SourceFile } from './source-tree.ts';

const limitOf = (path: string): number => (isTest(path) || !path.startsWith('src/') ? 600 : 300);
const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length;
/** kebab-case, with the suffix that says what a test file is. */
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/;
const kebabFolder = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const layoutFindings = ({ path, text }: SourceFile): readonly Finding[] => {
  const found: Finding[] = [];
  const lines = linesOf(text);
  if (lines > limitOf(path)) found.push(`${path} has ${lines} lines, more than ${limitOf(path)}`);
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  if (!kebab.test(name)) found.push(`${path} is not named in kebab-case`);
  return parts.every((folder) => kebabFolder.test(folder))
    ? found
    : [...found, `${path} is in a folder not in kebab-case`];
};

describe('layout', () => {
  it.each(['src', 'test'])('every file below %s is small and named in kebab-case', (folder) => {
    const files = sourceFiles(folder);
    expect(files.length).toBeGreaterThan(1);
    expect(files.flatMap(layoutFindings)).toEqual([]);
  });

  it.each([
    ['a long source', 'src/a.ts', 301],
    ['a long test', 'src/a.test.ts', 601],
    ['a long helper of tests', 'test/a.ts', 601],
    ['camel case', 'src/fileName.ts', 1],
    ['an underscore', 'src/file_name.ts', 1],
    ['a folder in capitals', 'src/Kube/api.ts', 1],
  ])('%s is found', (_case, path, lines) =>
    expect(layoutFindings({ path, text: '\n'.repeat(lines - 1) + '// end\n' })).toHaveLength(1),
  );

  it.each([
    ['a full source', 'src/a.ts', 300],
    ['a full test', 'src/a.test.ts', 600],
    ['kebab-case', 'test/cluster/file-lock2.ts', 1],
  ])('%s is fine', (_case, path, lines) =>
    expect(layoutFindings({ path, text: '\n'.repeat(lines - 1) + '// end\n' })).toEqual([]),
  );
});

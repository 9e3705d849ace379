/** The repository's own TypeScript, read for the tests of its architecture. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export type SourceFile = {
  /** From the repository's root, with forward slashes: `src/values/percent.ts`. */
  readonly path: string;
  readonly text: string;
};

/** One thing a file breaks, as a line for the test's failure message. */
export type Finding = string;

const root = fileURLToPath(new URL('../..', import.meta.url));
const skipped = new Set(['node_modules', 'dist', 'coverage']);

/** Every `.ts` file below a folder of the repository, sorted by path. */
export const sourceFiles = (folder: string): readonly SourceFile[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.split(sep).some((part) => skipped.has(part)))
    .map((path) => ({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));

export const isTest = (path: string): boolean => path.endsWith('.test.ts');

const parsed = new WeakMap<SourceFile, ts.SourceFile>();

/** The syntax of a file; read once, however many rules look at it. */
export const parse = (file: SourceFile): ts.SourceFile => {
  const known = parsed.get(file) ?? ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  parsed.set(file, known);
  return known;
};

/** Calls `visit` for every node of a file, depth first. */
export const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
};

const specifierOf = (node: ts.Node): ts.Expression | undefined => {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  return ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
};

/** `local`: a file of this repository, resolved (`src/ports/clock.ts`). Otherwise a package as written (`node:fs`). */
export type Import = { readonly target: string; readonly local: boolean };

/** What a file imports: static, dynamic, re-exported and type-only alike. */
export const importsOf = (file: SourceFile): readonly Import[] => {
  const found: Import[] = [];
  walk(parse(file), (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const local = specifier.text.startsWith('.');
    found.push({ target: local ? normalize(join(dirname(file.path), specifier.text)) : specifier.text, local });
  });
  return found;
};

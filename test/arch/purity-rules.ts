/** What a file may not do, whoever it imports: exports, barrels, the environment, and hidden time or chance in core. */
import ts from 'typescript';
import { parse, walk, type Finding, type SourceFile } from './source-tree.ts';

/** One map from name to implementation per kind of adapter; every other index file is a barrel. */
const providerMaps = new Set(['src/traffic/index.ts', 'src/metrics/index.ts', 'src/notify/index.ts']);

/** Reading the environment anywhere else makes settings that no table lists. */
const mayReadEnvironment = (path: string): boolean => path.startsWith('src/config/');

const isDefaultExport = (node: ts.Node): boolean =>
  (ts.isExportAssignment(node) && node.isExportEquals !== true) ||
  (ts.isExportSpecifier(node) && node.name.text === 'default') ||
  (ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword));

const isReExport = (statement: ts.Statement): boolean =>
  ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined;

const barrelFinding = (file: SourceFile): Finding | undefined => {
  if (providerMaps.has(file.path)) return undefined;
  const statements = parse(file).statements;
  const barrel = statements.length > 0 && statements.every(isReExport);
  return barrel || /(^|\/)index\.ts$/.test(file.path) ? `${file.path} is a barrel` : undefined;
};

const memberName = (node: ts.Node): string | undefined => {
  if (ts.isPropertyAccessExpression(node)) return `${node.expression.getText()}.${node.name.text}`;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
    return `${node.expression.getText()}.${node.argumentExpression.text}`;
  return undefined;
};

const environment = new Set(['process.env', 'globalThis.process.env']);
const hidden = new Set(['Date.now', 'performance.now', 'Math.random', 'crypto.randomUUID']);
const timers = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch']);

const hiddenInput = (node: ts.Node): string | undefined => {
  const member = memberName(node);
  if (member !== undefined && hidden.has(member)) return member;
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments ?? []).length === 0)
    return 'new Date()';
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  const name = node.expression.text;
  return timers.has(name) || name === 'Date' ? `${name}()` : undefined;
};

const nodeFindings = (file: SourceFile, node: ts.Node): readonly Finding[] => {
  const found: Finding[] = [];
  if (isDefaultExport(node)) found.push(`${file.path} has a default export`);
  const member = memberName(node);
  if (member !== undefined && environment.has(member) && !mayReadEnvironment(file.path))
    found.push(`${file.path} reads ${member}; only src/config may`);
  const input = /^src\/(values|schema|core|manifests)\//.test(file.path) ? hiddenInput(node) : undefined;
  if (input !== undefined) found.push(`${file.path} uses ${input}; time and chance are handed in`);
  return found;
};

/** Everything a file of `src` does that the design forbids. Tests beside the code are not held to it. */
export const purityFindings = (file: SourceFile): readonly Finding[] => {
  const found: Finding[] = [];
  walk(parse(file), (node) => found.push(...nodeFindings(file, node)));
  const barrel = barrelFinding(file);
  return barrel === undefined ? found : [...found, barrel];
};

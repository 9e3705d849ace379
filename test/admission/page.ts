/** The page about admission: what stands before the table, and the table made from the cases. */
import type { Case, Files, Given, Row, Seen, State } from './case.ts';
import { undoing } from './warnings.ts';

type Book = { readonly rows: readonly Row[]; readonly givenOf: (name: string) => Given };

const notice = '<!-- Made by `npm run generate` from the cases in test/admission; edit these, not this file. -->';

const before = `# What becomes of a write

A write of a Deployment that has opted in to canary releases is answered at once, in the write itself, by Sluice's webhook. It
may set or lift \`spec.paused\` and keep its marks (\`sluice.dev/\` annotations); it changes nothing else, and what is stored is
otherwise what was sent. Everything after that is done by the controller, and told by the Release and by events on the Deployment.

The answer depends on the stored object, the new one and the policy alone: asked twice it says the same, a dry run shows what
the write would do, and marks that a client sends count for nothing. Scaling, the status and other changes that no release
depends on never wait for Sluice.

## How to read the warnings

kubectl prints what the webhook has to say as lines that begin with \`Warning:\`, on standard error. They are no errors: the exit
code is 0 and the write is stored. The first line says what happens now, the others name the command that helps and what has
changed; values of environment variables are never shown. A write that is refused ends with exit code 1 and says every problem at
once, each with the field, its value, what is allowed and what to do. \`--warnings-as-errors\` makes kubectl exit with 1 although
the write is stored.

Helm (3.22) prints the warnings as lines of its log, \`I1121 12:00:00.000000 1 warnings.go:107] "Warning: …"\`, on standard error
as well. \`helm upgrade --wait\` returns at once: a paused Deployment counts as finished. Follow the release with
\`kubectl get releases\` or \`kubectl sluice watch\`.

\`kubectl rollout status\` waits while a release is under way, and fails with exit code 1 once it has failed.

## The table

Every line was run as it stands, by the real tools against a real API server, with Sluice's webhook and controller: the workload is
\`web\` in namespace \`shop\`, its policy one step of 50 percent. \`web.yaml\` is its manifest with the image that is named.
A release is called after the generation of the Deployment that it brings, so the second version's is \`web-2\`.`;

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const named = (entries: object): string =>
  Object.entries(entries)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

/** What matters of the files: the image, and what is not as usual. */
const filesText = (files: Files = {}): string =>
  Object.entries(files)
    .map(([name, file]) => {
      if (!('version' in file)) return `${name}: ${named(file.spec)}`;
      const { version, annotations = {}, stuck: _stuck, ...rest } = file;
      return [`${name}: web:${version}`, named(annotations), named(rest)].filter((part) => part !== '').join(', ');
    })
    .join('; ');

const doing = (one: Case): string => {
  const files = filesText(one.files);
  return `${one.name}<br>${code(one.run)}${files === '' ? '' : `<br>(${files})`}`;
};

const list = (items: readonly string[]): string => (items.length === 0 ? 'none' : items.join(', '));

const following = (then: State | 'same', events: readonly string[] = []): string => {
  if (then === 'same') return 'nothing is stored';
  if (then.template === '-') return 'nothing is left';
  return [
    `${then.template}${then.paused ? ', paused' : ''}`,
    then.serves.length === 0 ? 'no pod serves' : `${list(then.serves)} serves`,
    ...(then.canary === '-' ? [] : [`canary ${then.canary}`]),
    ...(then.mark.endsWith('UserPaused') ? ['the release waits'] : []),
    ...(then.releases.length === 0 ? [] : [`Release ${list(then.releases)}`]),
    ...(events.length === 0 ? [] : [`events ${list(events)}`]),
  ].join('; ');
};

/** Warnings of a section, each set told once below its table. */
class Legend {
  readonly #sets: string[] = [];

  refer({ exit, says, warnings }: Seen): string {
    const said = exit === 0 ? [] : says.filter((part) => part.trim() !== '').map(code);
    return [`exit code ${exit}`, ...this.#warned(warnings), ...said].join(', ');
  }

  #warned(all: readonly string[]): readonly string[] {
    const warnings = all.filter((warning) => warning !== undoing);
    const own = warnings.length === all.length ? [] : ["kubectl's warning that this was applied"];
    if (warnings.length === 0) return own;
    const text = warnings.map((warning) => `Warning: ${warning}`).join('\n');
    if (!this.#sets.includes(text)) this.#sets.push(text);
    return [...own, `warning ${this.#sets.indexOf(text) + 1}`];
  }

  text(): readonly string[] {
    if (this.#sets.length === 0) return [];
    return [this.#sets.map((text, i) => `${i + 1}. \`\`\`text\n${text.replace(/^/gm, '   ')}\n   \`\`\``).join('\n\n')];
  }
}

const givenText = (given: Given, more: object = {}): string =>
  Object.keys(more).length === 0 ? given.words : `${given.words}; ${named(more)}`;

const section = ({ row, answer, cases }: Row, { givenOf }: Book): string => {
  const legend = new Legend();
  const rows = cases.map((one) =>
    [givenText(givenOf(one.given), one.with), doing(one), legend.refer(one.see), following(one.then, one.events)].map(
      cell,
    ),
  );
  const head = ['Given', 'What you do', 'What you see', 'What follows'];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return [`### ${row}`, answer, table, ...legend.text()].join('\n\n');
};

/** The page as Markdown, not yet formatted. */
export const admissionPage = (book: Book): string =>
  [notice, before, ...book.rows.map((row) => section(row, book))].join('\n\n') + '\n';

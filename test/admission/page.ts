/** The page about admission: an introduction, and the table generated from the cases. */
import type { Case, Files, Given, Row, Seen, State } from './case.ts';
import { undoing } from './warnings.ts';

type Book = { readonly rows: readonly Row[]; readonly givenOf: (name: string) => Given };

const notice = '<!-- Made by `npm run generate` from the cases in test/admission; edit these, not this file. -->';

const before = `# What happens to a write

Sluice's webhook answers every write to an opted-in Deployment within that write. It may set or remove \`spec.paused\` and update
its marks (\`sluice.dev/\` annotations); everything else is stored as sent. The controller does the rest, and reports it in the
Release and in events on the Deployment.

The answer depends only on the stored object, the new object and the policy. So repeated calls get the same answer, a dry run
shows what the write would do, and marks that a client sends are ignored. Scaling, status updates and other changes on which no
release depends never wait for Sluice.

## How to read the warnings

kubectl prints the webhook's messages on standard error, as lines that start with \`Warning:\`. They are not errors: the exit code
is 0 and the write is stored. The first line says what happens now; the others name the command that helps and what has changed.
Values of environment variables are never shown. A refused write exits with 1 and lists all problems, each with the field, its
value, what is allowed and what to do. With \`--warnings-as-errors\`, kubectl exits with 1 although the write is stored.

Helm (3.22) also prints the warnings on standard error, as log lines: \`I1121 12:00:00.000000 1 warnings.go:107] "Warning: …"\`.
\`helm upgrade --wait\` returns at once, because a paused Deployment counts as finished. So \`--atomic\`
does not roll back a release that fails later, and the same upgrade again sends nothing that could be answered: run
\`kubectl sluice watch\` after it, which exits with 1 unless the release succeeds. \`kubectl get releases\` shows the rest.

\`kubectl rollout status\` waits while a release is running, and exits with 1 once it has failed. With \`on-failure: revert\` the
earlier version is back by then, and it exits with 0: use \`kubectl sluice watch\`.

## The table

Every line was run exactly as shown, with the real tools, against a real API server with Sluice's webhook and controller. The
workload is \`web\` in namespace \`shop\`, and its policy has one step of 50 percent. \`web.yaml\` is its manifest with the image named.
A release is named after the Deployment's generation that it releases, so the second version's is \`web-2\`.`;

const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const named = (entries: object): string =>
  Object.entries(entries)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');

/** The relevant parts of the files: the image, and everything unusual. */
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

/** Warnings of a section; each set is listed once below its table. */
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

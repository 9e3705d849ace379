/** The plugin's command line. */
import { Command, CommanderError, Option } from 'commander';
import { abort } from './abort.ts';
import { lint } from './lint.ts';
import { list } from './list.ts';
import { errorText } from './plugin-error.ts';
import { promote } from './promote.ts';
import { resume } from './resume.ts';
import { retry } from './retry.ts';
import type { Session } from './session.ts';
import { skip } from './skip.ts';
import { skipStep } from './skip-step.ts';
import { status } from './status.ts';
import type { Call, LocalVerb, Verb, VerbOption, Workplace } from './verb.ts';
import { watch } from './watch.ts';

/** In the order of `--help`. */
export const verbs: readonly (Verb | LocalVerb)[] = [
  status,
  watch,
  list,
  promote,
  resume,
  skipStep,
  abort,
  retry,
  skip,
  lint,
];

/** Cluster and namespace, chosen with the same flags as in kubectl. */
export type Place = { readonly kubeconfig?: string; readonly context?: string; readonly namespace?: string };

export type ProgramOptions = Workplace & {
  readonly version: string;
  /** Called once, if the command line is valid. May throw PluginError. */
  readonly open: (place: Place) => Session;
};

const places = { required: '<workload>', optional: '[workload]', none: undefined } as const;

const optionOf = ({ flags, meaning, required = false, choices }: VerbOption): Option => {
  const option = new Option(flags, meaning).makeOptionMandatory(required);
  return choices === undefined ? option : option.choices([...choices]);
};

type AnyVerb = Verb | LocalVerb;

const define = (program: Command, verb: AnyVerb, run: (verb: AnyVerb, workload?: string) => Promise<void>): void => {
  const place = places[verb.workload];
  const command = program.command(verb.name).summary(verb.summary).description(verb.summary);
  for (const option of verb.options) command.addOption(optionOf(option));
  if (place === undefined) command.action(() => run(verb));
  else command.argument(place, 'name of a Deployment').action((workload?: string) => run(verb, workload));
};

const declare = ({ version, terminal }: ProgramOptions): Command =>
  new Command('kubectl sluice')
    .description('Look at the canary releases of Deployments, and steer them.')
    .version(version, '-V, --version', 'print the version')
    .option('-n, --namespace <name>', "namespace; the context's unless set")
    .option('--context <name>', 'context of the kubeconfig; its current one unless set')
    .option('--kubeconfig <file>', 'kubeconfig; $KUBECONFIG, then ~/.kube/config unless set')
    .helpCommand(false)
    .showHelpAfterError('(--help shows what can be written here)')
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) })
    .exitOverride();

/** Runs a command line, given without the program's name. Resolves to the exit code; never rejects. */
export const runProgram = async (args: readonly string[], options: ProgramOptions): Promise<number> => {
  let code = 0;
  const program = declare(options);
  for (const verb of verbs)
    define(program, verb, async (chosen, workload) => {
      const command = program.commands.find((candidate) => candidate.name() === chosen.name);
      const call: Call = { workload, options: command?.opts() ?? {} };
      code = await ('run' in chosen
        ? chosen.run(options.open(program.opts<Place>()), call)
        : chosen.runLocally(options, call));
    });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    options.terminal.err(errorText(error));
    return 1;
  }
};

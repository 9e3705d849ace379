/** The log line of an answer: who did what, with which tool, and how Sluice answered. */
import type { AdmissionRequest, Answer } from '../core/admission/admission-request.ts';
import { printable } from '../values/printable.ts';
import type { LogFields } from '../telemetry/log.ts';

export type AuditLine = { readonly fields: LogFields; readonly text: string };

/** Cases that produce no patch but are still logged, because a person changed something. */
const recorded: ReadonlySet<string> = new Set(['policy-written', 'policy-deleted']);

const isWorthALine = (answer: Answer): boolean =>
  answer.case !== 'fault' &&
  (!answer.allowed ||
    answer.patch.length > 0 ||
    answer.change !== undefined ||
    answer.event !== undefined ||
    recorded.has(answer.case));

/** One line per decision that refuses or changes something; undefined where Sluice leaves the write alone. */
export const auditLine = (request: AdmissionRequest, answer: Answer): AuditLine | undefined =>
  isWorthALine(answer)
    ? {
        fields: { ...about(request), ...who(request), ...changeFields(answer), reason: answer.case },
        text: words(request, answer),
      }
    : undefined;

/** Log fields that identify the object of a request. */
export const about = ({ kind, name = '', namespace }: AdmissionRequest): LogFields => ({
  ...(namespace === undefined ? {} : { namespace: printable(namespace) }),
  ...(kind === 'Deployment' ? { workload: printable(name) } : {}),
  ...(kind === 'Release' ? { release: printable(name) } : {}),
});

const who = ({ user, userUid, fieldManager, operation, dryRun }: AdmissionRequest): LogFields => ({
  user: printable(user),
  ...(userUid === undefined ? {} : { userUid: printable(userUid) }),
  ...(fieldManager === undefined ? {} : { tool: printable(fieldManager) }),
  operation,
  dryRun,
});

const changeFields = ({ change }: Answer): LogFields =>
  change === undefined
    ? {}
    : {
        ...(change.from.release === undefined ? {} : { from: printable(change.from.release) }),
        fromHash: change.from.hash,
        ...(change.to.release === undefined ? {} : { to: printable(change.to.release) }),
        toHash: change.to.hash,
      };

const verdictOf = ({ allowed, patch, event }: Answer): string => {
  if (!allowed) return 'denied';
  if (event !== undefined) return 'let through';
  return patch.length === 0 ? 'admitted' : 'patched';
};

const words = (request: AdmissionRequest, answer: Answer): string => {
  const { kind, name = '', user, fieldManager, operation, dryRun } = request;
  const tool = fieldManager === undefined ? '' : ` with ${printable(fieldManager)}`;
  const deed = `${operation} of ${printable(kind)} ${printable(name)} by ${printable(user)}${tool}`;
  return `${verdictOf(answer)}${dryRun ? ' (dry run)' : ''}: ${answer.because}; ${deed}`;
};

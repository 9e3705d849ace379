/** Releases are an audit record: only Sluice creates them and writes their status. */
import { group } from '../../schema/names.ts';
import { deny, type AdmissionRequest, type Answer } from './admission-request.ts';

const createDenial =
  'Releases are made by Sluice when a workload that is opted in changes: a record that anybody can make proves nothing. ' +
  'Change the workload, or ask something of the release that is there with kubectl sluice.';
const statusDenial =
  'the status of a Release is what Sluice has seen and done; nobody else writes it. ' +
  'Ask something of the release with kubectl sluice promote, abort or retry.';

const forbidden = (because: string, message: string): Answer =>
  deny('guarded', because, { code: 403, reason: 'Forbidden', message });

/** A denial if anybody else creates a Release or writes its status; otherwise undefined. */
export const guardRelease = (request: AdmissionRequest, sluiceUsers: readonly string[]): Answer | undefined => {
  if (request.group !== group || request.kind !== 'Release' || sluiceUsers.includes(request.user)) return undefined;
  if (request.subResource === 'status') return forbidden('only Sluice writes the status of a Release', statusDenial);
  return request.operation === 'CREATE' ? forbidden('only Sluice makes Releases', createDenial) : undefined;
};

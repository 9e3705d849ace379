/** Releases are an audit record: only Sluice creates them and writes their status. */
import { group } from '../../schema/names.ts';
import { deny, type AdmissionRequest, type Answer } from './admission-request.ts';

const createDenial =
  'Releases are made by Sluice alone, when an opted-in workload changes, because they are an audit record. ' +
  'Change the workload, or use kubectl sluice to make a request on the existing release.';
const statusDenial =
  'the status of a Release is what Sluice has seen and done; nobody else may write it. ' +
  'To change the release, use kubectl sluice promote, abort or retry.';

const forbidden = (because: string, message: string): Answer =>
  deny('guarded', because, { code: 403, reason: 'Forbidden', message });

/** A denial if anybody else creates a Release or writes its status; otherwise undefined. */
export const guardRelease = (request: AdmissionRequest, sluiceUsers: readonly string[]): Answer | undefined => {
  if (request.group !== group || request.kind !== 'Release' || sluiceUsers.includes(request.user)) return undefined;
  if (request.subResource === 'status') return forbidden('only Sluice writes the status of a Release', statusDenial);
  return request.operation === 'CREATE' ? forbidden('only Sluice makes Releases', createDenial) : undefined;
};

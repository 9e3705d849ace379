/**
 * `npm run certs -- SERVICE NAMESPACE`: an authority and a serving certificate for the webhook's Service as files in this
 * folder, for installations that supply their own Secret. Without it Sluice makes and renews them by itself.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newPrivateKey } from '../src/certs/key-pair.ts';
import { defaultLifetimes, renewed } from '../src/certs/material.ts';

const [service, namespace] = process.argv.slice(2);
if (service === undefined || namespace === undefined) {
  process.stderr.write(
    'usage: npm run certs -- SERVICE NAMESPACE, for example: npm run certs -- sluice-webhook sluice-system\n',
  );
  process.exit(2);
}

const names = { dnsNames: [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`], ips: [] };
const keys = { authority: await newPrivateKey(), serving: await newPrivateKey() };
const { authority, serving } = renewed({
  material: undefined,
  names,
  now: Date.now(),
  lifetimes: defaultLifetimes,
  keys,
});
const files = { 'ca.crt': authority.cert, 'ca.key': authority.key, 'tls.crt': serving.cert, 'tls.key': serving.key };
for (const [name, text] of Object.entries(files)) {
  const path = join(import.meta.dirname, name);
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
  process.stdout.write(`wrote certs/${name}\n`);
}
process.stdout.write(
  `kubectl -n ${namespace} create secret generic ${service}-certificate --from-file=certs/ca.crt --from-file=certs/ca.key --from-file=certs/tls.crt --from-file=certs/tls.key\n`,
);

import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// A directory that no host has, to test the harder case of a missing mount path.
const TARGET = '/var/run/sluice-mount-check/volume';

/** Tests whether a volume can be mounted for a child process at a path that does not exist. */
export async function canMount(testapp: string, workDir: string): Promise<boolean> {
  const source = join(workDir, 'mount-check');
  const scratch = join(workDir, 'mount-check-scratch');
  await mkdir(source, { recursive: true });
  await mkdir(scratch, { recursive: true });
  await writeFile(join(source, 'file'), '');
  const args = [
    'contain',
    '--scratch',
    scratch,
    '--mount',
    `${source}:${TARGET}`,
    '--',
    'test',
    '-e',
    `${TARGET}/file`,
  ];
  const can = await new Promise<boolean>((resolve) => {
    execFile(testapp, args, (error) => resolve(error === null));
  });
  await Promise.all([source, scratch].map((dir) => rm(dir, { recursive: true, force: true })));
  return can;
}

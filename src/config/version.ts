import { readFileSync } from 'node:fs';

/** The product's version, from package.json. The path works from `src/` and from the built `dist/`. */
export const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const found =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  if (typeof found !== 'string') throw new Error('package.json has no version');
  return found;
};

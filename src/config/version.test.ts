import { expect, it } from '@jest/globals';
import { version } from './version.ts';

it('is the version of the manifest', () => expect(version()).toMatch(/^\d+\.\d+\.\d+/));

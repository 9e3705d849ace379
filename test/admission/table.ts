/** The rows in the order in which the page shows them. */
import type { Row } from './case.ts';
import { newTemplate } from './cases-new-template.ts';
import type { GivenName } from './givens.ts';

export const table: readonly Row<GivenName>[] = [newTemplate];

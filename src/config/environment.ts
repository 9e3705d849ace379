import type { Environment } from './parse-config.ts';

/** The process's environment; the one place that looks at it. */
export const environment = (): Environment => process.env;

import type { Environment } from './parse-config.ts';

/** The process's environment. No other code reads it. */
export const environment = (): Environment => process.env;

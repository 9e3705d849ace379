/** Names of traffic providers: what a policy may ask for. Each is a key of the map in src/traffic/index.ts, and no other is. */
export const providerNames = ['istio', 'linkerd', 'smi', 'kubernetes'] as const;

export type ProviderName = (typeof providerNames)[number];

const SUFFIX: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity as a number (`64Mi` → 67108864, `250m` → 0.25); undefined if it is not one. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([+-]?[0-9.]+)(?:[eE]([+-]?[0-9]+)|([a-zA-Z]*))$/.exec(text);
  const scale = match === null ? undefined : SUFFIX[match[3] ?? ''];
  if (match === null || scale === undefined) return undefined;
  const value = Number(match[1]) * scale * 10 ** Number(match[2] ?? 0);
  return Number.isFinite(value) ? value : undefined;
}

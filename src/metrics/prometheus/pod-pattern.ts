/** The names a Deployment's pods can have. */
import { literalPattern } from './promql.ts';

// Hashes and suffixes are spelled without vowels, 0, 1 and 3 (apimachinery's util/rand). That, and a hash being a
// 32-bit number of decimal digits respelled (under five digits once in 400,000), is what keeps the pods of a
// DaemonSet web-db or of a Deployment web-canary out of web's.
const letter = '[bcdfghjklmnpqrstvwxz2456789]';
const hash = { min: 5, max: 10 };
const suffix = 5;
/** The API server truncates the base of a generated name to this length, so that the whole has at most 63 characters. */
const stemMax = 63 - suffix;

/**
 * Pattern for `<deployment>-<ReplicaSet hash>-<suffix>`, without anchors. A Deployment's name over 46 characters costs
 * the hash its end and the dash; over 56, nothing is left that tells `<name>` and `<name>-canary` apart.
 */
export const podPattern = (deployment: string): string => {
  const stem = `${deployment}-`;
  const kept = stemMax - stem.length;
  if (kept <= 0) return `${literalPattern(stem.slice(0, stemMax))}${letter}{${suffix}}`;
  const whole = `${literalPattern(stem)}${letter}{${hash.min},${hash.max}}-${letter}{${suffix}}`;
  return kept > hash.max ? whole : `${whole}|${literalPattern(stem)}${letter}{${kept + suffix}}`;
};

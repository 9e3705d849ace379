/** The patterns of the schemas, each with an explanation for error messages, where a regular expression helps nobody. */
export type Pattern = {
  /** Means the same to RE2 (the API server) and to JavaScript. */
  readonly pattern: string;
  /** Completes the sentence `must be …`. */
  readonly words: string;
  readonly example: string;
};

const label = '[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?';
const host = `(${label}(\\.${label})*\\.?|\\[[0-9A-Fa-f:.]+\\])`;
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const path = "/[-A-Za-z0-9._~!$&'()*+,;=:@%/]*";

export const patterns = {
  /** Six digits at most: a longer number is a typing error, and every duration in milliseconds stays a safe integer. */
  duration: {
    pattern: '^[1-9][0-9]{0,5}(ms|s|m|h)$',
    words: 'a whole number with unit ms, s, m or h, such as 30s',
    example: '30s',
  },
  waitFor: {
    pattern: '^(approval|[1-9][0-9]{0,5}(ms|s|m|h))$',
    words: 'approval, or a whole number with unit ms, s, m or h, such as 30s',
    example: 'approval',
  },
  checkName: {
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    words: 'lower-case letters, digits and "-", beginning and ending with a letter or digit',
    example: 'checkout-errors',
  },
  serviceName: {
    pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
    words: 'the name of a Service: lower-case letters, digits and "-", beginning with a letter',
    example: 'web',
  },
  labelKey: {
    pattern:
      '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$',
    words: 'the key of a label, such as app or app.kubernetes.io/name',
    example: 'app.kubernetes.io/name',
  },
  labelValue: {
    pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$',
    words: 'the value of a label: letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
    example: 'web',
  },
  /** Without a password: many people can read a policy, and every Release contains a copy of it. */
  address: {
    pattern: `^https?://${host}(:${port})?(${path})?$`,
    words:
      'an address that begins with http:// or https://, with a host and at most a port and a path, without user and password',
    example: 'http://prometheus.monitoring:9090',
  },
} as const satisfies Record<string, Pattern>;

/** The explained pattern behind a schema's `pattern` text. */
export const patternOf = (text: string): Pattern | undefined =>
  Object.values<Pattern>(patterns).find((p) => p.pattern === text);

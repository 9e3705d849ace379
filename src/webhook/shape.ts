/**
 * What the parts of a question must look like: declared as values, and held against a body in one pass that copies nothing.
 * Only where something does not fit is it looked at again, for what to say of it.
 */
import { printable } from '../values/printable.ts';

export type Shape = {
  /** Whether a value has it. */
  readonly fits: (value: unknown) => boolean;
  /** Complains about a value at a path that has it not. */
  readonly explain: (value: unknown, at: string, complaints: Complaints) => void;
};

/** Complaints that anybody reads. Of a hostile list every item may be wrong. */
const toldComplaints = 10;
const shownKey = 80;

/**
 * What is wrong with a question, each with its path. No value is ever quoted: it may be a secret, and as long as the body.
 */
export class Complaints {
  readonly #told: string[] = [];
  #untold = 0;

  add(at: string, words: string): void {
    if (this.isFull()) this.#untold += 1;
    else this.#told.push(`${at}: ${words}`);
  }

  /** Whether a further one is only counted. */
  isFull(): boolean {
    return this.#told.length >= toldComplaints;
  }

  /** All of them in one sentence of bounded length; undefined when there are none. */
  sentence(): string | undefined {
    if (this.#told.length === 0) return undefined;
    return [...this.#told, ...(this.#untold === 0 ? [] : [`and ${this.#untold} more`])].join('; ');
  }
}

/** Holds a value against its shape. */
export const look = (value: unknown, shape: Shape, at: string, complaints: Complaints): void => {
  if (!shape.fits(value)) shape.explain(value, at, complaints);
};

type Values = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string => {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is null';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value === 'string') return 'is a text';
  return typeof value === 'boolean' ? `is ${value}` : `is ${typeof value === 'number' ? 'a number' : 'an object'}`;
};

/** A value without parts. `instead` says of a value of the right type what else is wrong with it. */
const word = (fits: Shape['fits'], wanted: string, instead: (value: unknown) => string = kindOf): Shape => ({
  fits,
  explain: (value, at, complaints) => complaints.add(at, `must be ${wanted}, ${instead(value)}`),
});

const ofText = (least: number, longest: number): Shape =>
  word(
    (value) => typeof value === 'string' && value.length >= least && value.length <= longest,
    longest === Infinity ? 'a text' : `a text of at most ${longest} characters`,
    (value) => (typeof value === 'string' ? (value === '' ? 'is empty' : `has ${value.length}`) : kindOf(value)),
  );

export const anyText: Shape = word((value) => typeof value === 'string', 'a text');
export const text = (longest: number): Shape => ofText(0, longest);
/** One that may not be empty. */
export const filledText = (longest: number): Shape => ofText(1, longest);
export const boolean: Shape = word((value) => typeof value === 'boolean', 'true or false');
export const wholeNumber: Shape = word(
  // JSON can say 1e999, which is read as infinity.
  (value) => Number.isSafeInteger(value),
  'a whole number',
  (value) => (typeof value === 'number' ? 'is another number' : kindOf(value)),
);
export const oneOf = (values: readonly string[]): Shape =>
  word(
    (value) => values.some((known) => known === value),
    `one of ${values.join(', ')}`,
    (value) => (typeof value === 'string' ? 'is another text' : kindOf(value)),
  );

const isTexts = (value: Values): boolean => {
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
};

/** A map of texts, such as labels. */
export const texts: Shape = {
  fits: (value) => isObject(value) && isTexts(value),
  explain: (value, at, complaints) => {
    if (!isObject(value)) complaints.add(at, `must be a map of texts, ${kindOf(value)}`);
    else
      for (const key in value) {
        if (typeof value[key] === 'string') continue;
        const where = complaints.isFull() ? at : `${at}["${printable(key, shownKey)}"]`;
        complaints.add(where, `must be a text, ${kindOf(value[key])}`);
      }
  },
};

export const listOf = (of: Shape): Shape => ({
  fits: (value) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i += 1) if (!of.fits(value[i])) return false;
    return true;
  },
  explain: (value, at, complaints) => {
    if (!Array.isArray(value)) complaints.add(at, `must be a list, ${kindOf(value)}`);
    else for (const [i, item] of (value as readonly unknown[]).entries()) look(item, of, `${at}[${i}]`, complaints);
  },
});

/** To Kubernetes a null is a field that is not set. */
type Field = { readonly name: string; readonly shape: Shape; readonly required: boolean };
type Declared = { readonly [name: string]: Shape | { readonly required: Shape } };

const fieldOf = ([name, declared]: readonly [string, Declared[string]]): Field =>
  'required' in declared
    ? { name, shape: declared.required, required: true }
    : { name, shape: declared, required: false };

const isRight = ({ shape, required }: Field, value: unknown): boolean =>
  value === undefined || value === null ? !required : shape.fits(value);

/** Its fields are looked for one by one: what else is in it costs nothing, and may be anything. */
export const object = (declared: Declared): Shape => {
  const fields = Object.entries(declared).map(fieldOf);
  return {
    fits: (value) => {
      if (!isObject(value)) return false;
      for (const field of fields) {
        const inner = value[field.name];
        if (inner === undefined || inner === null ? field.required : !field.shape.fits(inner)) return false;
      }
      return true;
    },
    explain: (value, at, complaints) => {
      if (!isObject(value)) complaints.add(at, `must be an object, ${kindOf(value)}`);
      else
        for (const field of fields) {
          const inner = value[field.name];
          if (!isRight(field, inner)) field.shape.explain(inner, `${at}.${field.name}`, complaints);
        }
    },
  };
};

/**
 * Shapes of JSON values, and checks against them. A check is one pass without copies; only a value that fails it is
 * visited again, to describe what is wrong.
 */
import { printable } from '../values/printable.ts';

export type Shape = {
  readonly fits: (value: unknown) => boolean;
  /** Describes what is wrong with a value that does not fit. */
  readonly explain: (value: unknown, at: string, complaints: Complaints) => void;
};

/** A hostile list may have a million wrong items. */
const toldComplaints = 10;
const shownKey = 80;

/** What is wrong with a request, each with its path. Values are never quoted: they may be secret, or as long as the body. */
export class Complaints {
  readonly #told: string[] = [];
  #untold = 0;

  add(at: string, words: string): void {
    if (this.isFull()) this.#untold += 1;
    else this.#told.push(`${at}: ${words}`);
  }

  /** If so, further complaints are only counted. */
  isFull(): boolean {
    return this.#told.length >= toldComplaints;
  }

  /** All complaints in one sentence of bounded length; undefined if there are none. */
  sentence(): string | undefined {
    if (this.#told.length === 0) return undefined;
    return [...this.#told, ...(this.#untold === 0 ? [] : [`and ${this.#untold} more`])].join('; ');
  }
}

/** Checks a value and adds what is wrong to `complaints`. */
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

/** A shape without parts. `instead` describes a value that does not fit. */
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
/** A text that must not be empty. */
export const filledText = (longest: number): Shape => ofText(1, longest);
export const boolean: Shape = word((value) => typeof value === 'boolean', 'true or false');
export const wholeNumber: Shape = word(
  // JSON numbers may be infinite: 1e999.
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

/** Kubernetes treats null as an absent field. */
type Field = { readonly name: string; readonly shape: Shape; readonly required: boolean };
type Declared = { readonly [name: string]: Shape | { readonly required: Shape } };

const fieldOf = ([name, declared]: readonly [string, Declared[string]]): Field =>
  'required' in declared
    ? { name, shape: declared.required, required: true }
    : { name, shape: declared, required: false };

const isRight = ({ shape, required }: Field, value: unknown): boolean =>
  value === undefined || value === null ? !required : shape.fits(value);

/** An object with these fields. Other fields may contain anything, and are not visited. */
export const object = (declared: Declared): Shape => {
  const fields = Object.entries(declared).map(fieldOf);
  return {
    fits: (value) => {
      if (!isObject(value)) return false;
      for (const field of fields) if (!isRight(field, value[field.name])) return false;
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

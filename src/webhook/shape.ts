/** What the parts of a question must look like: declared as values, and held against a body in one pass that copies nothing. */
import { isDeeper } from '../values/extent.ts';
import { printable } from '../values/printable.ts';

export type Shape =
  | { readonly is: 'text'; readonly filled: boolean; readonly longest: number }
  | { readonly is: 'number' | 'whole number' | 'boolean' }
  /** A map of texts, such as labels. */
  | { readonly is: 'texts' }
  | { readonly is: 'list'; readonly of: Shape }
  /** Fields that are not named are left alone, but for how deep they are nested. */
  | { readonly is: 'object'; readonly fields: readonly Field[]; readonly deepest: number }
  | { readonly is: 'one of'; readonly values: readonly string[] }
  /** Whatever it is, so deep at most. */
  | { readonly is: 'json'; readonly deepest: number };

/** To Kubernetes a null is a field that is not set. */
type Field = { readonly name: string; readonly shape: Shape; readonly required: boolean };

type Declared = { readonly [name: string]: Shape | { readonly required: Shape } };

export const text = (longest: number): Shape => ({ is: 'text', filled: false, longest });
export const filledText = (longest: number): Shape => ({ is: 'text', filled: true, longest });
export const texts: Shape = { is: 'texts' };
export const wholeNumber: Shape = { is: 'whole number' };
export const boolean: Shape = { is: 'boolean' };
export const oneOf = (values: readonly string[]): Shape => ({ is: 'one of', values });
export const listOf = (of: Shape): Shape => ({ is: 'list', of });
export const json = (deepest: number): Shape => ({ is: 'json', deepest });
/** Its fields are looked for one by one: what else is in it costs nothing. */
export const object = (fields: Declared, deepest = Infinity): Shape => ({
  is: 'object',
  deepest,
  fields: Object.entries(fields).map(([name, declared]) =>
    'required' in declared
      ? { name, shape: declared.required, required: true }
      : { name, shape: declared, required: false },
  ),
});

/** Complaints that anybody reads. Of a hostile list every item may be wrong. */
const toldComplaints = 10;
const shownKey = 80;

/** Of a path: a field, an item of a list, a key of a map. */
type Step = string | number | { readonly key: string };

type Values = { readonly [key: string]: unknown };
const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Collects what is wrong with values, each at its path. No value is ever quoted: it may be a secret, and as long as the
 * body.
 */
export class Inspection {
  readonly #path: Step[] = [];
  readonly #told: string[] = [];
  #untold = 0;

  /** Everything wrong so far in one sentence of bounded length; undefined when nothing is. */
  complaint(): string | undefined {
    if (this.#told.length === 0) return undefined;
    return [...this.#told, ...(this.#untold === 0 ? [] : [`and ${this.#untold} more`])].join('; ');
  }

  /** Holds a field against its shape. */
  field(name: string, value: unknown, { shape, required }: Omit<Field, 'name'>): void {
    if (!required && (value === undefined || value === null)) return;
    this.#path.push(name);
    this.#look(value, shape);
    this.#path.pop();
  }

  /** Notes something about the value at a path. */
  complain(at: string, words: string): void {
    if (this.#told.length < toldComplaints) this.#told.push(`${at}: ${words}`);
    else this.#untold += 1;
  }

  #wrong(words: () => string): void {
    // The words of a complaint that is only counted are not made.
    if (this.#told.length < toldComplaints) this.complain(this.#path.map(written).join(''), words());
    else this.#untold += 1;
  }

  #look(value: unknown, shape: Shape): void {
    switch (shape.is) {
      case 'list': {
        this.#lookAtList(value, shape.of);
        return;
      }
      case 'object': {
        this.#lookAtObject(value, shape);
        return;
      }
      case 'texts': {
        this.#lookAtTexts(value);
        return;
      }
      case 'json': {
        this.#lookHowDeep(value, shape.deepest);
        return;
      }
      default:
        if (!fits(value, shape)) this.#wrong(() => `must be ${wanted(shape)}, ${found(value, shape)}`);
    }
  }

  #lookAtList(value: unknown, of: Shape): void {
    if (!Array.isArray(value)) {
      this.#wrong(() => `must be a list, ${kindOf(value)}`);
      return;
    }
    for (let i = 0; i < value.length; i += 1) {
      this.#path.push(i);
      this.#look(value[i], of);
      this.#path.pop();
    }
  }

  #lookAtObject(value: unknown, { fields, deepest }: Extract<Shape, { is: 'object' }>): void {
    if (!isObject(value)) {
      this.#wrong(() => `must be an object, ${kindOf(value)}`);
      return;
    }
    for (const field of fields) this.field(field.name, value[field.name], field);
    if (deepest !== Infinity) this.#lookHowDeep(value, deepest);
  }

  #lookHowDeep(value: unknown, deepest: number): void {
    if (isDeeper(value, deepest)) this.#wrong(() => `must not be nested deeper than ${deepest} levels`);
  }

  #lookAtTexts(value: unknown): void {
    if (!isObject(value)) {
      this.#wrong(() => `must be a map of texts, ${kindOf(value)}`);
      return;
    }
    for (const key in value) {
      if (typeof value[key] === 'string') continue;
      this.#path.push({ key });
      this.#wrong(() => `must be a text, ${kindOf(value[key])}`);
      this.#path.pop();
    }
  }
}

const written = (step: Step, index: number): string => {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return `["${printable(step.key, shownKey)}"]`;
  return index === 0 ? step : `.${step}`;
};

type Simple = Exclude<Shape, { is: 'list' | 'object' | 'texts' | 'json' }>;

const fits = (value: unknown, shape: Simple): boolean => {
  switch (shape.is) {
    case 'text':
      return typeof value === 'string' && value.length <= shape.longest && !(shape.filled && value === '');
    case 'one of':
      return shape.values.some((known) => known === value);
    case 'whole number':
      // JSON can say 1e999, which is read as infinity.
      return Number.isSafeInteger(value);
    default:
      return typeof value === shape.is;
  }
};

const wanted = (shape: Simple): string => {
  switch (shape.is) {
    case 'text':
      return shape.longest === Infinity ? 'a text' : `a text of at most ${shape.longest} characters`;
    case 'one of':
      return `one of ${shape.values.join(', ')}`;
    case 'boolean':
      return 'true or false';
    default:
      return `a ${shape.is}`;
  }
};

const found = (value: unknown, shape: Simple): string => {
  if (shape.is === 'one of' && typeof value === 'string') return 'is another text';
  if (shape.is === 'text' && typeof value === 'string') return value === '' ? 'is empty' : `has ${value.length}`;
  return typeof value === 'number' && shape.is === 'whole number' ? 'is another number' : kindOf(value);
};

const kindOf = (value: unknown): string => {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is null';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value === 'string') return 'is a text';
  return typeof value === 'boolean' ? `is ${value}` : `is ${typeof value === 'number' ? 'a number' : 'an object'}`;
};

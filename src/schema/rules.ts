/**
 * Rules between fields, each declared once: the CEL text that the API server evaluates and the function that our own
 * parser calls stand side by side, and a test puts the same values to both. They are the `rules` of an object schema.
 */
type Declared = {
  /** Fields the rule is about. The first is where the API server shows the problem; none: the object itself. */
  readonly fields: readonly string[];
  /** CEL that is true when the rule is kept. Sees the object as `self` and, at an update, `oldSelf`. */
  readonly cel: string;
  /** What is wrong, as a fragment after the field: `must rise from one to the next`. */
  readonly message: string;
  /** What the person can do, as a sentence. */
  readonly todo: string;
};

export type Rule = Declared & {
  /** Looked at when an existing object changes, and only then. */
  readonly onUpdate: boolean;
  /** The CEL's twin. The value has passed the rest of its schema when it is called. */
  readonly holds: (self: unknown, old: unknown) => boolean;
};

type Of<T> = Declared & { readonly holds: (self: T) => boolean };
type Between<T> = Declared & { readonly holds: (self: T, old: T) => boolean };

/** A rule about one value. `T` is the part of the schema's type that the function reads. */
export const rule = <T>(declared: Of<T>): Rule => ({
  ...declared,
  onUpdate: false,
  holds: (self) => declared.holds(self as T),
});

/** A rule about a change from one value to another. */
export const transition = <T>(declared: Between<T>): Rule => ({
  ...declared,
  onUpdate: true,
  holds: (self, old) => declared.holds(self as T, old as T),
});

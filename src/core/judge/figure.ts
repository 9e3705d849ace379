/**
 * Formats a number with three significant digits, or more if it would otherwise look equal to a different number in
 * `unlike` ("99 % is below the minimum 99 %").
 */
export const figure = (value: number, unlike: readonly number[] = []): string => {
  const whole = Math.max(3, Math.ceil(Math.log10(Math.abs(value) + 1)));
  for (let digits = whole; digits <= 17; digits += 1) {
    const rounded = Number(value.toPrecision(digits));
    if (!unlike.some((other) => other !== value && other === rounded)) return String(rounded);
  }
  return String(value);
};

/** A count: whole, or with one decimal where the source counts in fractions. */
export const count = (n: number): string => String(Math.round(n * 10) / 10);

/** `1 request`, `2 requests`. */
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${count(n) === '1' ? '' : 's'}`;

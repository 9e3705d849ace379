/** Progress for a person: one live line on a terminal, a line for each change elsewhere. */
const live = process.stdout.isTTY;
let shown = false;
let last = '';

const clear = (): void => {
  if (shown) process.stdout.write('\r\u001b[2K');
  shown = false;
};

export const say = (text = ''): void => {
  clear();
  process.stdout.write(`${text}\n`);
};

/** `state` is what is told where lines cannot be redrawn; `figures` change all the time and are for terminals only. */
export const show = (state: string, figures: string): void => {
  if (!live) {
    if (state !== last) say(`  ${state}`);
    last = state;
    return;
  }
  clear();
  process.stdout.write(`  ${state}  ${figures}`.slice(0, process.stdout.columns));
  shown = true;
};

export const bar = (percent: number): string => {
  const width = 20;
  const full = Math.round((percent / 100) * width);
  return `▕${'█'.repeat(full)}${'░'.repeat(width - full)}▏`;
};

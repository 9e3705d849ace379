/** The two views of `watch`: redrawn in a terminal, or appended to a stream. */
import { toRfc3339, type Instant } from '../values/time.ts';
import type { ReleaseStatus } from '../schema/release.ts';
import type { ReleaseView } from './release-view.ts';
import { renderChange } from './render-change.ts';
import { renderStatus } from './render-status.ts';
import { clip } from './render-text.ts';
import type { Terminal } from './terminal.ts';

export interface WatchView {
  /** Shows a state of the release; called again with the same state to update ages. */
  show(release: ReleaseView, now: Instant): void;
  /** Shows a message. */
  say(text: string, now: Instant): void;
}

/** Cuts a frame to the window: lines that wrap or scroll cannot be redrawn. */
const frame = (terminal: Terminal, lines: readonly string[]): readonly string[] => {
  const { columns, rows } = terminal.size();
  return lines.slice(0, Math.max(1, rows - 1)).map((line) => clip(line, columns));
};

const up = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}A`);
const clearBelow = '\u001b[0J';

const drawn = (terminal: Terminal): WatchView => {
  let height = 0;
  const draw = (lines: readonly string[]): void => {
    const visible = frame(terminal, lines);
    terminal.out(`${up(height)}${clearBelow}${visible.join('\n')}\n`);
    height = visible.length;
  };
  let last: readonly string[] = [];
  return {
    show: (release, now) => {
      last = renderStatus(release, now);
      draw(last);
    },
    say: (text) => draw([...last, ...(last.length === 0 ? [] : ['']), text]),
  };
};

const appended = (terminal: Terminal): WatchView => {
  let before: ReleaseStatus | undefined;
  const stamp = (now: Instant): string => toRfc3339(now).replace(/\.\d+Z$/, 'Z');
  return {
    show: ({ name, status }, now) => {
      for (const line of renderChange(before, status)) terminal.out(`${stamp(now)} ${name} ${line}\n`);
      before = status;
    },
    say: (text, now) => terminal.err(`${stamp(now)} ${text}\n`),
  };
};

export const watchView = (terminal: Terminal): WatchView => (terminal.live ? drawn(terminal) : appended(terminal));

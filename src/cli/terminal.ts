/** Where the plugin writes. */
export interface Terminal {
  /** What was asked for. */
  out(text: string): void;
  /** What else there is to say: progress, warnings, errors. */
  err(text: string): void;
  /** Whether somebody is looking at `out`, so that it may be drawn over. */
  readonly live: boolean;
  /** Size of the window in characters. */
  size(): { readonly columns: number; readonly rows: number };
}

type Out = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'> & { write(text: string): boolean };

export const streamTerminal = (out: Out, err: { write(text: string): boolean }): Terminal => ({
  out: (text) => void out.write(text),
  err: (text) => void err.write(text),
  live: out.isTTY,
  size: () => ({ columns: out.columns || 80, rows: out.rows || 24 }),
});

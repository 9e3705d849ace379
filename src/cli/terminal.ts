/** The plugin's output. */
export interface Terminal {
  /** The requested output. */
  out(text: string): void;
  /** Progress, warnings and errors. */
  err(text: string): void;
  /** Whether `out` is a terminal that can be redrawn. */
  readonly live: boolean;
  /** The window's size in characters. */
  size(): { readonly columns: number; readonly rows: number };
}

type Out = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows'> & { write(text: string): boolean };

export const streamTerminal = (out: Out, err: { write(text: string): boolean }): Terminal => ({
  out: (text) => void out.write(text),
  err: (text) => void err.write(text),
  live: out.isTTY,
  size: () => ({ columns: out.columns || 80, rows: out.rows || 24 }),
});

/** `npm run cluster -- binaries | head`: a reader that has enough closes the pipe, which is no failure. */
type Output = { on(event: 'error', heard: (error: NodeJS.ErrnoException) => void): unknown };

/** Ends by `exit(0)` when nobody reads the output any more. Other errors of the output are thrown. */
export const endWithReader = (out: Output, exit: (code: number) => void): void => {
  out.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    exit(0);
  });
};

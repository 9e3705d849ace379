/**
 * Splits a stream of text into lines. A line of a megabyte arrives in many chunks, so chunks are joined once per line.
 */
export const lineSplitter = (): ((chunk: string) => readonly string[]) => {
  let pending: string[] = [];
  return (chunk) => {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', from)) {
      pending.push(chunk.slice(from, end));
      const line = pending.join('');
      if (line.trim() !== '') lines.push(line);
      pending = [];
      from = end + 1;
    }
    if (from < chunk.length) pending.push(chunk.slice(from));
    return lines;
  };
};

/** Makes foreign text (user names, tools, object names) safe for a log line, a table or a terminal. */

const longest = 256;
/** Control and format characters (including those that change the text direction), line separators, lone surrogates. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** One line of bounded length. Unprintable characters are escaped, as in `\u{1b}`. */
export const printable = (text: string, most: number = longest): string => {
  const cut = text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
  return cut.replace(unprintable, escaped);
};

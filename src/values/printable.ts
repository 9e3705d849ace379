/** Text that others chose (user names, tools, names of objects), fit to stand in a log line, a table or a terminal. */

const longest = 256;
/** Control characters, invisible ones that turn the direction of text, line separators, halves of characters. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** One line of bounded length. What could pass for something else is written as `\u{1b}`. */
export const printable = (text: string, most: number = longest): string => {
  const cut = text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
  return cut.replace(unprintable, escaped);
};

import { eastAsianWidth } from "get-east-asian-width";

/** Columns of a terminal that a text takes: two for wide characters, none for combining marks. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (!/\p{M}/u.test(character)) columns += eastAsianWidth(character.codePointAt(0)!);
  }
  return columns;
}

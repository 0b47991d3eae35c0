/**
 * The text that a terminal shows for a line of output, without trailing spaces: escape sequences removed, and the
 * effects of carriage return, backspace, tab and erase to the end of the line applied. Lines that move the cursor in
 * other ways are not rendered exactly.
 */
export function plainLine(line: string): string {
  const shown: string[] = [];
  let column = 0;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '\x1b') {
      const sequence = escapeAt(line, i);
      if (sequence === '\x1b[K' || sequence === '\x1b[0K') shown.length = Math.min(shown.length, column);
      i += sequence.length - 1;
    } else if (char === '\r') column = 0;
    else if (char === '\b') column = Math.max(0, column - 1);
    else if (char === '\t') {
      const stop = (Math.floor(column / TAB_COLUMNS) + 1) * TAB_COLUMNS;
      while (column < stop) shown[column++] ??= ' ';
    } else if (char >= ' ' && char !== '\x7f') shown[column++] = char;
  }
  return shown.join('').trimEnd();
}

const TAB_COLUMNS = 8;

/** A control sequence (CSI), a string that ends with BEL or ST (OSC and others), or a short sequence. */
const ESCAPE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?/y; // eslint-disable-line no-control-regex

/** The escape sequence that starts at an index. */
export function escapeAt(text: string, index: number): string {
  ESCAPE.lastIndex = index;
  return ESCAPE.exec(text)![0];
}

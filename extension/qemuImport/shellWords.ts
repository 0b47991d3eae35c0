import { qemuErrors } from '../../debug-adapter/messages/qemuImport.ts';
import { unknownPart } from './unknownParts.ts';

/** The value of a variable: text, or the elements of an array. Undefined if it is not known. */
export type ValueOf = (name: string) => string | readonly string[] | undefined;

/** The maximum length of a command line that can be imported, and of text in quotation marks. */
export const COMMAND_CHARACTERS_MAX = 32_000;

/** Variables with a fixed meaning. `~` is the user's home folder, and `.` is the command's folder. */
export const WELL_KNOWN: Readonly<Record<string, string | undefined>> = { HOME: '~', PWD: '.', CURDIR: '.' };

/** The commands of one line, and the offset at which the next line starts. */
export interface CommandLine {
  commands: string[][];
  end: number;
}

/**
 * Splits the line of shell text at the offset `start` into commands and words. Follows POSIX 2.2 and 2.3 for quotes,
 * backslashes, a backslash before a line break, comments, operators and redirections. Variables are replaced; values
 * that are not known remain in the word as unknown parts. Throws a UserError if a quotation mark is not closed.
 */
export function splitLine(text: string, start: number, valueOf: ValueOf): CommandLine {
  return new LineSplitter(text, start, valueOf).split();
}

/**
 * The value of an assignment (the first word of the text, or the words of an array in parentheses), and where it ends.
 */
export function assignedValue(
  text: string,
  start: number,
  valueOf: ValueOf,
): { value: string | string[]; end: number } {
  return new LineSplitter(text, start, valueOf).value();
}

class LineSplitter {
  private text: string;
  private at: number;
  private valueOf: ValueOf;
  private words: string[] = [];
  /** The word that is being read; undefined between words. An empty pair of quotation marks also starts a word. */
  private word: string | undefined;
  private isRedirected = false;
  private length = 0;

  constructor(text: string, start: number, valueOf: ValueOf) {
    this.text = text;
    this.at = start;
    this.valueOf = valueOf;
  }

  split(): CommandLine {
    const commands: string[][] = [];
    const endCommand = () => {
      this.endWord();
      if (this.words.length > 0) commands.push(this.words);
      this.words = [];
      this.isRedirected = false;
    };
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || char === '\n') {
        endCommand();
        return { commands, end: this.at + 1 };
      }
      if (/[;&|()]/.test(char)) {
        this.at++;
        endCommand();
      } else this.step(char);
    }
  }

  value(): { value: string | string[]; end: number } {
    if (this.text[this.at] !== '(') {
      for (let char = this.text[this.at]; char !== undefined && !/[\s;&|()]/.test(char); char = this.text[this.at]) {
        this.step(char, false);
      }
      return { value: this.word ?? '', end: this.at };
    }
    this.at++;
    for (let char = this.text[this.at]; char !== undefined && char !== ')'; char = this.text[this.at]) {
      if (char === '\n') {
        this.endWord();
        this.at++;
      } else this.step(char);
    }
    this.endWord();
    return { value: this.words, end: this.at };
  }

  /** Reads one character outside quotation marks, or the quoted text, reference or comment that starts with it. */
  private step(char: string, splits = true): void {
    switch (char) {
      case ' ':
      case '\t':
      case '\r':
        this.endWord();
        this.at++;
        return;
      case '#':
        if (this.word === undefined) this.at = this.endOfLine();
        else this.append(char, 1);
        return;
      case "'":
        return this.singleQuoted();
      case '"':
        return this.doubleQuoted();
      case '\\':
        return this.escaped();
      case '`':
        return this.append(unknownPart('command'), this.closing('`', this.at + 1) + 1 - this.at);
      case '$':
        return this.expanded(splits);
      case '<':
      case '>':
        return this.redirected();
      default:
        this.append(char, 1);
    }
  }

  private append(text: string, characters: number): void {
    this.word = (this.word ?? '') + text;
    this.length += text.length;
    if (this.length > COMMAND_CHARACTERS_MAX) throw qemuErrors.commandTooLong(COMMAND_CHARACTERS_MAX);
    this.at += characters;
  }

  private endWord(): void {
    if (this.word === undefined) return;
    if (!this.isRedirected) this.words.push(this.word);
    this.isRedirected = false;
    this.word = undefined;
  }

  private endOfLine(): number {
    const end = this.text.indexOf('\n', this.at);
    return end < 0 ? this.text.length : end;
  }

  private closing(quote: string, from: number): number {
    const end = this.text.indexOf(quote, from);
    if (end < 0 || end - from > COMMAND_CHARACTERS_MAX) throw qemuErrors.openQuote(quote);
    return end;
  }

  private singleQuoted(): void {
    const end = this.closing("'", this.at + 1);
    this.append(this.text.slice(this.at + 1, end), end + 1 - this.at);
  }

  private doubleQuoted(): void {
    const limit = this.at + COMMAND_CHARACTERS_MAX;
    this.append('', 1);
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || this.at > limit) throw qemuErrors.openQuote('"');
      if (char === '"') return this.append('', 1);
      if (char === '$') this.expanded(false);
      else if (char === '`') this.append(unknownPart('command'), this.closing('`', this.at + 1) + 1 - this.at);
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (char === '\\' && /["\\$`]/.test(this.text[this.at + 1] ?? '')) this.append(this.text[this.at + 1], 2);
      else this.append(char, 1);
    }
  }

  private escaped(): void {
    const [next, afterNext] = [this.text[this.at + 1], this.text[this.at + 2]];
    if (next === '\n') this.at += 2;
    else if (next === '\r' && afterNext === '\n') this.at += 3;
    else this.append(next ?? '', next === undefined ? 1 : 2);
  }

  /** `<NAME>` in a manual is a value that the reader has to replace; everything else is a redirection. */
  private redirected(): void {
    const [placeholder, name] = /^<([A-Za-z][\w-]*)>/.exec(this.text.slice(this.at, this.at + 100)) ?? [];
    if (placeholder !== undefined) return this.append(unknownPart(name), placeholder.length);
    if (this.word !== undefined && /^\d$/.test(this.word)) this.word = undefined;
    this.endWord();
    const [operator] = /^[<>]+[&|]?-?/.exec(this.text.slice(this.at, this.at + 5))!;
    this.at += operator.length;
    this.isRedirected = true;
  }

  /**
   * Replaces a variable or command substitution with its value. Outside quotation marks, the value is split into words.
   */
  private expanded(splits: boolean): void {
    const { name, fallback, end } = reference(this.text, this.at);
    if (name === '') return this.append('$', 1);
    const value = this.valueOf(name) ?? WELL_KNOWN[name] ?? fallback?.(this.valueOf) ?? unknownPart(shellName(name));
    this.at = end;
    const parts = typeof value === 'string' ? (splits ? value.split(/\s+/) : [value]) : value;
    parts.forEach((part, i) => {
      if (i > 0) this.endWord();
      if (part !== '' || !splits) this.append(part, 0);
    });
  }
}

/** `$1` and `$@` keep their dollar sign, which distinguishes them from numbers and names. */
const shellName = (name: string): string => (/^\w+$/.test(name) && !/^\d/.test(name) ? name : `$${name}`);

interface Reference {
  /** Empty if the `$` does not start a reference. */
  name: string;
  /** Returns the value to use if the variable has none. */
  fallback?: (valueOf: ValueOf) => string | undefined;
  end: number;
}

/** The maximum number of references in a fallback, including those in nested fallbacks. */
const REFERENCES_MAX = 20;

/** A command that prints the script's folder. The group captures a path that follows the folder, such as `/..`. */
const OWN_FOLDER =
  /^(?:cd\s+(?:--\s+)?)?["']?\$\(\s*dirname\s[^)]*\)["']?([./]*)["']?(?:\s*(?:>\s*\/dev\/null\s*(?:2>&1)?\s*)?(?:&&|;)\s*pwd(?:\s+-P)?)?\s*$|^dirname\s[^|;&]*$/;

const OWN_FOLDER_LENGTH_MAX = 200;

function reference(text: string, at: number): Reference {
  const next = text[at + 1] ?? '';
  if (next === '(') return substitution(text, at);
  if (next === '{') return braced(text, at);
  const [name = ''] = /^(?:[A-Za-z_]\w*|[0-9@*#?$!-])/.exec(text.slice(at + 1, at + 100)) ?? [];
  return { name, end: at + 1 + name.length };
}

function braced(text: string, at: number): Reference {
  const end = matching(text, at + 1, '{', '}');
  const [, name = '${}', fallback] =
    /^([A-Za-z_]\w*|[0-9@*])(?:\[[@*]\]$|:?[-=](.*)$)?/s.exec(text.slice(at + 2, end)) ?? [];
  if (fallback === undefined || fallback.split('${').length > REFERENCES_MAX) return { name, end: end + 1 };
  return { name, fallback: (valueOf) => String(assignedValue(fallback, 0, valueOf).value), end: end + 1 };
}

/** A command substitution, or, in text copied from a makefile, a variable in parentheses. */
function substitution(text: string, at: number): Reference {
  const end = matching(text, at + 1, '(', ')');
  const command = text.slice(at + 2, end).trim();
  if (/^[\w.-]+$/.test(command) && command !== 'pwd') return { name: command, end: end + 1 };
  const own = command.length < OWN_FOLDER_LENGTH_MAX ? OWN_FOLDER.exec(command) : null;
  const folder = command === 'pwd' ? '.' : own ? `.${own[1] ?? ''}` : undefined;
  return { name: 'command', fallback: () => folder, end: end + 1 };
}

/** The offset of the bracket that closes the one at `at`. */
function matching(text: string, at: number, open: string, close: string): number {
  let depth = 0;
  for (let i = at; i < text.length && i - at < COMMAND_CHARACTERS_MAX; i++) {
    if (text[i] === open) depth++;
    else if (text[i] === close && --depth === 0) return i;
  }
  throw qemuErrors.openQuote(open);
}

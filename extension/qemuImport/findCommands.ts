import { qemuErrors } from '../../debug-adapter/messages/qemuImport.ts';
import { UserError } from '../../debug-adapter/messages/userError.ts';
import { type Include, includesFiles, looksLikeMakefile, recipeLines } from './makefile.ts';
import { ScriptVariables } from './scriptVariables.ts';
import { splitLine, type ValueOf } from './shellWords.ts';
import { onlyUnknown, shownWord, withoutMarks } from './unknownParts.ts';

export type TextKind = 'makefile' | 'script' | 'text';

/** A QEMU command that was found in a file, a selection or the clipboard. */
export interface QemuCommand {
  /** The number of the line that contains it, counted from 1. */
  line: number;
  is32Bit: boolean;
  /** The words after the program, with variables replaced by their values. */
  options: string[];
  /** The command as shown to the user. */
  text: string;
  /** The included file that contains the command; undefined if the command is in the text itself. */
  file?: string;
  /** Files that the makefile includes, but that cannot be read. They may assign variables that the command uses. */
  missingFiles?: readonly string[];
}

/** No handwritten makefile or script is longer than this. */
export const TEXT_CHARACTERS_MAX = 2 << 20;
const COMMANDS_MAX = 100;
const NAMES_MAX = 5;
const FAILURES_MAX = 20;
/**
 * The search ends after this many lines that contain no command and cannot be parsed, such as prose. This limits the
 * time spent on hostile input.
 */
const LINES_UNCLEAR_MAX = 500;
/** The maximum nesting of quoted commands: a QEMU command can be an argument of another command, such as tmux. */
const NESTED_MAX = 3;

/** The kind of text in a file, judging by the file's name. */
export function textKind(fileName: string): TextKind {
  if (/(^|[\\/])(GNU)?[Mm]akefile(\.\w+)?$|\.(mk|mak|make)$/.test(fileName)) return 'makefile';
  return /\.(sh|bash|zsh|ksh)$/.test(fileName) ? 'script' : 'text';
}

/**
 * Finds the `qemu-system-riscv64` (and `riscv32`) commands in a makefile, a shell script, or any other text, such as a
 * manual or the output of make. Each distinct command is listed once, in order. Throws a UserError if the text is too
 * long, or if none of its commands can be read. `include` reads the files that a makefile includes.
 */
export function findQemuCommands(text: string, kind: TextKind, include?: Include): QemuCommand[] {
  if (text.length > TEXT_CHARACTERS_MAX) throw qemuErrors.tooLong(TEXT_CHARACTERS_MAX);
  const plain = withoutMarks(text);
  const hasIncludes = kind === 'makefile' && include !== undefined && includesFiles(plain);
  if (!MENTIONS_QEMU.test(plain) && !hasIncludes) return [];
  const isMakefile = kind === 'makefile' || (kind === 'text' && looksLikeMakefile(plain));
  const found = isMakefile ? inMakefile(plain, include) : inScript(plain, kind === 'text');
  // A selection in a makefile may consist of one recipe line.
  const all = found.length === 0 && isMakefile && kind === 'text' ? inScript(plain, true) : found;
  return distinct(all);
}

const MENTIONS_QEMU = /qemu-system-/;
const PROGRAM = /(?:^|[\\/])qemu-system-riscv(64|32)(?:\.exe)?$/;
const PROGRAM_IN_TEXT = /qemu-system-riscv(?:64|32)(?:\.exe)?(?=[\s"'\\])/;

function inMakefile(text: string, include: Include = () => undefined): QemuCommand[] {
  const noVariables: ValueOf = () => undefined;
  // Some makefiles name the program `qemu-system-$(ARCH)` and take ARCH from the command line.
  const named = [...text.matchAll(/qemu-system-\$[({]([\w.-]+)[)}]/g)].map(([, name]) => name);
  const isAssigned = (name: string) => new RegExp(`^[ \\t]*${escaped(name)}[ \\t]*[:?+]?=`, 'm').test(text);
  const missing = [...new Set(named)].slice(0, NAMES_MAX).filter((name) => !isAssigned(name));
  const assignments = missing.map((name) => `${name} = riscv64\n`).join('');
  const { lines, missing: missingFiles } = recipeLines(
    assignments + text,
    (line) => MENTIONS_QEMU.test(line),
    (name) => {
      const included = include(shownWord(name));
      return included === undefined ? undefined : withoutMarks(included);
    },
  );
  const failures = new Failures();
  const found = lines.flatMap(({ line, text: recipe, file }) =>
    failures
      .unless(() => {
        const lineInFile = file === undefined ? line - missing.length : line;
        return commandsAt(recipe, 0, noVariables).flatMap((words) => commandIn(words, lineInFile, 0));
      })
      .map((command) => ({
        ...command,
        ...(file !== undefined && { file }),
        ...(missingFiles.length > 0 && { missingFiles }),
      })),
  );
  return failures.checked(found);
}

const escaped = (name: string) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

function inScript(text: string, isAnyText: boolean): QemuCommand[] {
  const variables = new ScriptVariables();
  const failures = new Failures();
  const found: QemuCommand[] = [];
  let line = 1;
  let linesUnclear = 0;
  for (let at = 0; at < text.length && found.length < COMMANDS_MAX && linesUnclear < LINES_UNCLEAR_MAX;) {
    const endOfLine = (text.indexOf('\n', at) + 1 || text.length + 1) - 1;
    const afterAssignment = variables.read(text, at);
    const content = text.slice(at, endOfLine);
    const [prompt] = isAnyText ? /^\s*(?:[#>%$]\s+)*/.exec(content)! : [''];
    const start = at + prompt.length;
    let end = Math.max(endOfLine + 1, afterAssignment);
    if (content.includes('$') || content.includes('qemu-system-riscv')) {
      failures.unless(() => {
        const commands = commandsFrom(text, start, content.slice(prompt.length), variables.valueOf);
        found.push(...commands.lines.flatMap((words) => commandIn(words, line, 0)));
        if (commands.end <= start) linesUnclear++;
        end = Math.max(end, commands.end);
        return [];
      });
    }
    line += text.slice(at, end).split('\n').length - 1;
    at = end;
  }
  return failures.checked(found);
}

/** The maximum length of the path before the program name, which may start with a quotation mark. */
const PATH_MAX = 200;

/** The commands of a line. Text before the program name is ignored if it cannot be split into words. */
function commandsFrom(
  text: string,
  start: number,
  content: string,
  valueOf: ValueOf,
): { lines: string[][]; end: number } {
  const program = PROGRAM_IN_TEXT.exec(content);
  try {
    const { commands, end } = splitLine(text, start, valueOf);
    const isFound = commands.some((words) => commandIn(words, 0, 0).length > 0);
    if (isFound || !program) return { lines: commands, end };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (!program) return { lines: [], end: start };
  }
  const quote =
    /["'`]?[^\s"'`(]*$/.exec(content.slice(Math.max(0, program.index - PATH_MAX), program.index))![0][0] ?? '';
  const close = /["'`]/.test(quote) ? content.indexOf(quote, program.index) : -1;
  const from = close < 0 ? splitLine(text, start + program.index, valueOf) : undefined;
  if (from) return { lines: from.commands, end: from.end };
  return { lines: splitLine(content.slice(program.index, close), 0, valueOf).commands, end: start + content.length };
}

const commandsAt = (text: string, start: number, valueOf: ValueOf): string[][] => {
  const found: string[][] = [];
  for (let at = start; at < text.length;) {
    const { commands, end } = splitLine(text, at, valueOf);
    found.push(...commands);
    at = end;
  }
  return found;
};

/** The QEMU command that starts at one of the words, or that one of the words contains as quoted text. */
function commandIn(words: readonly string[], line: number, depth: number): QemuCommand[] {
  const at = words.findIndex((word) => PROGRAM.test(word));
  if (at >= 0) {
    const options = words.slice(at + 1);
    const isCommand = options.length > 0 && (/^-/.test(options[0]) || onlyUnknown(options[0]) !== undefined);
    const text = [words[at], ...options].map(quotedIfNeeded).join(' ');
    return isCommand ? [{ line, is32Bit: PROGRAM.exec(words[at])![1] === '32', options, text }] : [];
  }
  if (depth === NESTED_MAX) return [];
  return words
    .filter((word) => /\s/.test(word) && MENTIONS_QEMU.test(word))
    .map((word) => word.replace(/^[A-Za-z_]\w*\+?=/, ''))
    .flatMap((word) => commandsAt(word, 0, () => undefined).flatMap((inner) => commandIn(inner, line, depth + 1)));
}

const quotedIfNeeded = (word: string): string => {
  const shown = shownWord(word);
  return /^[^\s"'\\|&;()$`]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
};

/** Keeps the first error of several commands. It is thrown if no command could be read. */
class Failures {
  private first: UserError | undefined;
  count = 0;

  unless<T>(read: () => T[]): T[] {
    if (this.count >= FAILURES_MAX) return [];
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.first ??= error;
      this.count++;
      return [];
    }
  }

  checked(found: QemuCommand[]): QemuCommand[] {
    if (found.length === 0 && this.first) throw this.first;
    return found;
  }
}

function distinct(commands: readonly QemuCommand[]): QemuCommand[] {
  const byText = new Map<string, QemuCommand>();
  for (const command of commands.slice(0, COMMANDS_MAX)) {
    if (!byText.has(command.text)) byText.set(command.text, command);
  }
  return [...byText.values()];
}

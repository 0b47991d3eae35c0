import { qemuErrors } from '../../debug-adapter/messages/qemuImport.ts';
import { COMMAND_CHARACTERS_MAX } from './shellWords.ts';
import { MakeVariables } from './makeVariables.ts';

/** A line of a recipe with the values of its variables, as make passes it to the shell. */
export interface RecipeLine {
  /** The number of its first line in the makefile, from 1. */
  line: number;
  text: string;
  /** The name of the included file that contains the line; undefined for the makefile itself. */
  file?: string;
}

/** Returns the text of a file that a makefile includes; undefined if it cannot be read. */
export type Include = (name: string) => string | undefined;

/** The recipe lines that were found, and the files that the makefile includes but that cannot be read. */
export interface Recipes {
  lines: RecipeLine[];
  missing: string[];
}

/**
 * Reads the assignments, conditionals and recipes of a makefile, in GNU make's syntax, and returns the recipe lines for
 * which `isWanted` returns true. Recipes see the values that variables have at the end of the file, as in make.
 * Included files are read in place, up to a maximum depth, number and total length. In a condition, a variable without
 * a value is empty, as in make. However, it equals an architecture name such as `riscv64`, because users pass that name
 * to the makefiles that support several architectures.
 */
export function recipeLines(
  text: string,
  isWanted: (line: string) => boolean,
  include: Include = () => undefined,
): Recipes {
  const makefile = new Makefile(include);
  makefile.readAll(text);
  return { lines: makefile.recipes(isWanted), missing: [...makefile.missing] };
}

/** Whether a makefile includes other files. */
export const includesFiles = (text: string): boolean => /^ *(?:-|s)?include[ \t]/m.test(text);

/** Whether text without a file name is a makefile. */
export const looksLikeMakefile = (text: string): boolean =>
  /^[ \t]*[\w.-]+[ \t]*[:?+]=|^[A-Za-z_][\w-]*[ \t]+=[ \t]|^[\w.$()/%-]+[ \t]*:(?!=)[^\n]*\n\t/m.test(text);

interface Recipe extends RecipeLine {
  target: string;
  prerequisites: string;
}

const ASSIGNMENT = /^\s*(?:(?:export|override|private)\s+)*([^\s:#=+?!]+)\s*(::?:?=|\?=|\+=|=)\s*(.*)$/s;
const RULE = /^([^\s:=#][^:=#]*):(?![:=])([^=]*)$/s;
const TARGET_VARIABLE = /^([^\s:=#][^:=#]*):(?!=)\s*([\w.-]+\s*(?::?=|\?=|\+=).*)$/s;
const INCLUDE = /^\s*(-|s)?include\s+(?![:?+]*=)(.*)$/s;
const CONDITIONAL = /^\s*(else\s+)?(ifeq|ifneq|ifdef|ifndef)\b\s*(.*)$/s;

class Makefile {
  /** The files that the makefile must include, but that cannot be read. */
  readonly missing = new Set<string>();
  private include: Include;
  private variables = new MakeVariables();
  private found: Recipe[] = [];
  private rule: { target: string; prerequisites: string } | undefined;
  /** For each open conditional: whether its current branch applies, and whether one of its branches has applied. */
  private conditions: { isOuterActive: boolean; applies: boolean; hasApplied: boolean }[] = [];
  private definition: string | undefined;
  /** Assignments that apply only to the recipe of one target. */
  private ofTargets = new Map<string, string[]>();

  /** The file that is being read: undefined for the makefile itself. */
  private file: string | undefined;
  private includeDepth = 0;
  private includedFiles = 0;
  private includedCharacters = 0;

  constructor(include: Include) {
    this.include = include;
  }

  readAll(text: string): void {
    for (const { line, text: content } of logicalLines(text)) this.read(line, content);
  }

  private read(line: number, text: string): void {
    if (this.definition !== undefined) return this.readDefinition(line, text);
    if (text.startsWith('\t') && this.rule) {
      if (!this.isConditional(text) && this.applies()) this.addRecipe(line, text.slice(1));
      return;
    }
    const content = withoutComment(text.split('\\\n').join(' '));
    if (content.trim() === '' || this.isConditional(content) || !this.applies()) return;
    const definition = /^\s*define\s+([^\s:=]+)/.exec(content);
    if (definition) this.definition = definition[1];
    else this.readStatement(line, content);
  }

  recipes(isWanted: (line: string) => boolean): RecipeLine[] {
    let length = 0;
    let expandedLength = 0;
    return this.found.flatMap(({ line, text, file, target, prerequisites }) => {
      const own = this.ofTargets.get(target);
      const variables = own ? this.variables.copy() : this.variables;
      for (const assignment of own ?? []) this.assign(assignment, variables);
      const expanded = variables.expand(text, { target, prerequisites }).replace(/^[\s@+-]+/, '');
      expandedLength += expanded.length;
      if (expandedLength > RECIPES_CHARACTERS_MAX) throw qemuErrors.commandTooLong(COMMAND_CHARACTERS_MAX);
      if (!isWanted(expanded)) return [];
      length += expanded.length;
      // If the recipes are this long in total, they are not commands that a user would import.
      if (length > COMMANDS_CHARACTERS_MAX) throw qemuErrors.commandTooLong(COMMAND_CHARACTERS_MAX);
      return [{ line, text: expanded, ...(file !== undefined && { file }) }];
    });
  }

  private readStatement(line: number, content: string): void {
    const [included, isOptional, names] = INCLUDE.exec(content) ?? [];
    if (included !== undefined) return this.readIncluded(names, isOptional !== undefined);
    const ofTarget = TARGET_VARIABLE.exec(content);
    const rule = ofTarget ? null : RULE.exec(content);
    if (ofTarget) {
      const target = this.variables.expand(ofTarget[1]).trim();
      const assignments = this.ofTargets.get(target) ?? [];
      if (assignments.length < TARGET_VARIABLES_MAX) this.ofTargets.set(target, [...assignments, ofTarget[2]]);
    } else if (rule) {
      const [prerequisites, command] = divided(rule[2], ';');
      this.rule = { target: this.variables.expand(rule[1]).trim(), prerequisites };
      if (command !== undefined) this.addRecipe(line, command);
    } else if (this.assign(content, this.variables)) this.rule = undefined;
    else if (content.includes(':')) this.rule = { target: '', prerequisites: '' };
  }

  /**
   * Reads included files as make does, as if their lines replaced the directive. A conditional cannot extend beyond the
   * file in which it starts.
   */
  private readIncluded(names: string, isOptional: boolean): void {
    const { file, conditions } = this;
    for (const name of this.variables.expand(names).split(/\s+/).filter(Boolean)) {
      if (this.includeDepth >= INCLUDE_DEPTH_MAX || this.includedFiles++ >= INCLUDED_FILES_MAX) break;
      const text = this.include(name);
      if (text === undefined) {
        if (!isOptional) this.missing.add(name);
        continue;
      }
      this.includedCharacters += text.length;
      if (this.includedCharacters > INCLUDED_CHARACTERS_MAX) break;
      this.includeDepth++;
      this.file = name;
      this.conditions = [];
      this.rule = undefined;
      this.readAll(text);
      this.definition = undefined;
      this.includeDepth--;
    }
    this.file = file;
    this.conditions = conditions;
    this.rule = undefined;
  }

  private assign(content: string, variables: MakeVariables): boolean {
    const [, name, operator, value] = ASSIGNMENT.exec(content) ?? [];
    if (name === undefined) return false;
    variables.assign(variables.expand(name), operator.replace(/^:+=/, ':='), value);
    return true;
  }

  private addRecipe(line: number, text: string): void {
    const { target, prerequisites } = this.rule ?? { target: '', prerequisites: '' };
    if (this.found.length < RECIPES_MAX) this.found.push({ line, text, file: this.file, target, prerequisites });
  }

  /** Reads a line of a `define`. The lines are the value of the variable, and can also be commands that recipes run. */
  private readDefinition(line: number, text: string): void {
    if (/^\s*endef\b/.test(text)) this.definition = undefined;
    else {
      this.variables.assign(this.definition!, '+=', text);
      this.addRecipe(line, text);
    }
  }

  private applies(): boolean {
    const top = this.conditions.at(-1);
    return !top || (top.isOuterActive && top.applies);
  }

  /** Handles a line that starts, changes or ends a conditional. */
  private isConditional(text: string): boolean {
    const top = this.conditions.at(-1);
    if (/^\s*endif\b/.test(text)) {
      this.conditions.pop();
      return true;
    }
    const [, isElse, directive, operands] = CONDITIONAL.exec(text) ?? [];
    if (directive !== undefined && !isElse) {
      const isOuterActive = this.applies();
      const applies = isOuterActive && this.holds(directive, operands);
      this.conditions.push({ isOuterActive, applies, hasApplied: applies });
      return true;
    }
    if (!/^\s*else\b/.test(text)) return false;
    if (!top) return true;
    top.applies = top.isOuterActive && !top.hasApplied && (directive === undefined || this.holds(directive, operands));
    top.hasApplied ||= top.applies;
    return true;
  }

  private holds(directive: string, operands: string): boolean {
    if (directive === 'ifdef') return this.variables.isDefined(this.variables.expand(operands.trim()));
    if (directive === 'ifndef') return !this.variables.isDefined(this.variables.expand(operands.trim()));
    return this.isEqual(operands.trim()) === (directive === 'ifeq');
  }

  private isEqual(operands: string): boolean {
    const [left, right] = comparedTexts(operands);
    const [, name] = /^\$[({]([\w.-]+)[)}]$/.exec(left) ?? [];
    if (name !== undefined && !this.variables.isDefined(name) && RISCV64.test(right)) {
      this.variables.assign(name, '=', right);
      return true;
    }
    return this.variables.known(left) === this.variables.known(right);
  }
}

/** The names that kernel makefiles use for the architecture. */
const RISCV64 = /^(riscv|riscv64|riscv64gc|rv64)$/;
const INCLUDE_DEPTH_MAX = 8;
const INCLUDED_FILES_MAX = 50;
const INCLUDED_CHARACTERS_MAX = 512 << 10;
const RECIPES_MAX = 10_000;
const TARGET_VARIABLES_MAX = 50;
/** The maximum length of all expanded recipes. It limits the time spent on a hostile makefile. */
const RECIPES_CHARACTERS_MAX = 10_000_000;
const COMMANDS_CHARACTERS_MAX = 20 * COMMAND_CHARACTERS_MAX;

/** The operands `(a,b)`, `"a" "b"` or `'a' 'b'`. A comma in inner parentheses belongs to a function. */
function comparedTexts(operands: string): [string, string] {
  const quoted = /^(["'])(.*?)\1\s*(["'])(.*?)\3$/s.exec(operands);
  if (quoted) return [quoted[2], quoted[4]];
  const inner = operands.replace(/^\(/, '').replace(/\)$/, '');
  const [left, right = ''] = divided(inner, ',');
  return [left.trim(), right.trim()];
}

/** The text before and after the first separator outside parentheses. */
function divided(text: string, separator: string): [string, string | undefined] {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(' || text[i] === '{') depth++;
    else if (text[i] === ')' || text[i] === '}') depth--;
    else if (text[i] === separator && depth === 0) return [text.slice(0, i), text.slice(i + 1)];
  }
  return [text, undefined];
}

/** A line that ends in a backslash continues. In a recipe, the shell joins the parts; elsewhere, make does. */
function* logicalLines(text: string): Generator<{ line: number; text: string }> {
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    const isRecipe = lines[i].startsWith('\t');
    const parts = [lines[i]];
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(lines[i]) && i + 1 < lines.length) parts.push(lines[++i]);
    const joined = isRecipe ? parts.join('\n') : parts.map((part, j) => joinedPart(part, j, parts.length)).join(' ');
    yield { line, text: joined };
  }
}

function joinedPart(part: string, index: number, count: number): string {
  const start = index === 0 ? part : part.trimStart();
  return index === count - 1 ? start : start.slice(0, -1).trimEnd();
}

function withoutComment(text: string): string {
  for (let at = text.indexOf('#'); at >= 0; at = text.indexOf('#', at + 1)) {
    if (text[at - 1] !== '\\') return text.slice(0, at);
  }
  return text;
}

import { qemuErrors } from '../../debug-adapter/messages/qemuImport.ts';
import { COMMAND_CHARACTERS_MAX, WELL_KNOWN } from './shellWords.ts';
import { onlyUnknown, unknownPart, withoutUnknown } from './unknownParts.ts';

/** The rule that contains the text being expanded, for the automatic variables. */
export interface RuleOfRecipe {
  target: string;
  prerequisites: string;
}

interface MakeVariable {
  value: string;
  /** Whether references in the value have already been replaced (`:=`). */
  isExpanded: boolean;
}

/**
 * The variables of a makefile, and the expansion of text that refers to them. A variable without a value, a variable
 * that refers to itself, and a function whose result depends on the system become unknown parts of the text.
 */
export class MakeVariables {
  private values: Map<string, MakeVariable>;
  /** The variables that are being expanded, outermost first. */
  private open: string[] = [];
  private depth = 0;
  /** The number of references that can still be replaced. It limits the time spent on a hostile file. */
  private referencesLeft = REFERENCES_MAX;

  constructor(values = new Map<string, MakeVariable>()) {
    this.values = values;
  }

  copy(): MakeVariables {
    return new MakeVariables(new Map(this.values));
  }

  isDefined(name: string): boolean {
    return (this.values.get(name)?.value ?? '') !== '';
  }

  assign(name: string, operator: string, value: string): void {
    const current = this.values.get(name);
    if (operator === '?=' && current) return;
    if (operator === '+=' && current) {
      const added = current.isExpanded ? this.expand(value) : value;
      const joined = [current.value, added].filter(Boolean).join(' ');
      if (joined.length > VALUE_CHARACTERS_MAX) throw qemuErrors.commandTooLong(COMMAND_CHARACTERS_MAX);
      this.values.set(name, { value: joined, isExpanded: current.isExpanded });
    } else if (operator === ':=') this.values.set(name, { value: this.expand(value), isExpanded: true });
    else this.values.set(name, { value, isExpanded: false });
  }

  /** The text with the values of its variables. `$$` becomes `$`. */
  expand(text: string, rule?: RuleOfRecipe): string {
    let result = '';
    let from = 0;
    for (let at = text.indexOf('$'); at >= 0 && at + 1 < text.length; at = text.indexOf('$', from)) {
      const { value, end } = this.reference(text, at, rule);
      result += text.slice(from, at) + value;
      from = end;
      if (result.length > VALUE_CHARACTERS_MAX) throw qemuErrors.commandTooLong(COMMAND_CHARACTERS_MAX);
    }
    return result + text.slice(from);
  }

  /** The expanded text for a comparison: unknown parts are empty, as undefined variables are in make. */
  known(text: string): string {
    const value = this.expand(text);
    return withoutUnknown(value).trim();
  }

  private reference(text: string, at: number, rule: RuleOfRecipe | undefined): { value: string; end: number } {
    if (--this.referencesLeft < 0) throw qemuErrors.commandTooLong(COMMAND_CHARACTERS_MAX);
    const next = text[at + 1];
    if (next === '$') return { value: '$', end: at + 2 };
    if (next !== '(' && next !== '{') return { value: this.valueOf(next, rule), end: at + 2 };
    const end = closingBracket(text, at + 1);
    return { value: this.evaluate(text.slice(at + 2, end), rule), end: end + 1 };
  }

  /** The value of the text in parentheses: a function with arguments, a substitution, or a variable. */
  private evaluate(body: string, rule: RuleOfRecipe | undefined): string {
    if (this.depth >= NESTED_MAX) return unknownPart('variable');
    this.depth++;
    const value = this.evaluateBody(body, rule);
    this.depth--;
    return value;
  }

  private evaluateBody(body: string, rule: RuleOfRecipe | undefined): string {
    const [, name, text] = /^([a-z]+)[ \t]+(.*)$/s.exec(body) ?? [];
    if (name !== undefined) return this.call(name, splitArguments(text), rule);
    const [, variable, from, to] = /^([^:\s]+):([^=]*)=(.*)$/s.exec(body) ?? [];
    if (variable === undefined) return this.valueOf(this.expand(body, rule), rule);
    const replaced = (word: string) => (word.endsWith(from) ? word.slice(0, word.length - from.length) + to : word);
    return wordsOf(this.valueOf(variable, rule)).map(replaced).join(' ');
  }

  private call(name: string, given: string[], rule: RuleOfRecipe | undefined): string {
    const evaluated = (index: number) => this.expand(given[index] ?? '', rule).trim();
    const last = () => wordsOf(evaluated(given.length - 1));
    switch (name) {
      case 'if':
        return evaluated(this.known(given[0]) !== '' ? 1 : 2);
      case 'or':
        return given.map((_, i) => evaluated(i)).find(Boolean) ?? '';
      case 'strip':
      case 'abspath':
      case 'realpath':
        return last().join(' ');
      case 'firstword':
        return last()[0] ?? '';
      case 'wildcard':
        return evaluated(0).includes('*') ? unknownPart(name) : evaluated(0);
      case 'addprefix':
        return last()
          .map((word) => evaluated(0) + word)
          .join(' ');
      case 'addsuffix':
        return last()
          .map((word) => word + evaluated(0))
          .join(' ');
      case 'call':
        // The function that is called may run its arguments as a command, so keep them.
        return given.map((_, i) => (i === 0 ? '' : evaluated(i))).join(' ');
      case 'shell':
        return given[0]?.trim() === 'pwd' ? '.' : unknownPart(name);
      default:
        return unknownPart(name);
    }
  }

  private valueOf(name: string, rule: RuleOfRecipe | undefined): string {
    const automatic = rule && this.automatic(name, rule);
    if (automatic !== undefined) return automatic;
    const variable = this.values.get(name);
    if (!variable) return WELL_KNOWN[name] ?? unknownPart(name);
    if (variable.isExpanded) return renamed(variable.value, name);
    if (this.open.includes(name)) return unknownPart(name);
    this.open.push(name);
    const value = this.expand(variable.value, rule);
    this.open.pop();
    return renamed(value, name);
  }

  private automatic(name: string, { target, prerequisites }: RuleOfRecipe): string | undefined {
    if (name === '@') return target;
    if (name === '<') return wordsOf(this.expand(prerequisites))[0] ?? '';
    return name === '^' || name === '+' ? wordsOf(this.expand(prerequisites)).join(' ') : undefined;
  }
}

const REFERENCES_MAX = 100_000;
const NESTED_MAX = 50;
const VALUE_CHARACTERS_MAX = 4 * COMMAND_CHARACTERS_MAX;

/** The variable's name says more than the name of the function that computes its value. */
const renamed = (value: string, name: string): string => (onlyUnknown(value) === undefined ? value : unknownPart(name));

const wordsOf = (text: string): string[] => text.split(/\s+/).filter(Boolean);

function splitArguments(text: string): string[] {
  const found: string[] = [];
  let start = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(' || text[i] === '{') depth++;
    else if (text[i] === ')' || text[i] === '}') depth--;
    else if (text[i] === ',' && depth === 0) {
      found.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...found, text.slice(start)];
}

/** The offset of the bracket that closes the one at an offset; the end of the text if there is none. */
function closingBracket(text: string, at: number): number {
  const [open, close] = text[at] === '(' ? '()' : '{}';
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === open) depth++;
    else if (text[i] === close && --depth === 0) return i;
  }
  return text.length;
}

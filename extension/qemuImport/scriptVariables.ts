import { UserError } from '../../debug-adapter/messages/userError.ts';
import { assignedValue, type ValueOf } from './shellWords.ts';

/**
 * The variables that a shell script assigns (`NAME=value`, `NAME+=value` and arrays), read line by line. Conditions are
 * not evaluated. A value that is assigned outside branches takes precedence over one in a branch; otherwise, the
 * first branch that assigns a value counts. Values that a branch appends are ignored.
 */
export class ScriptVariables {
  private values = new Map<string, string | string[]>();
  private branches = 0;
  private failures = 0;

  readonly valueOf: ValueOf = (name) => this.values.get(name);

  /** Reads the assignment at an offset, if there is one, and returns the offset at which it ends. */
  read(text: string, start: number): number {
    const head = text.slice(start, start + HEAD_CHARACTERS);
    if (/^\s*(?:if|case|for|while|until)\b/.test(head)) this.branches++;
    if (/^\s*(?:fi|esac|done)\b/.test(head) || /^[^\n]*;\s*(?:fi|esac|done)\b/.test(head)) this.branches--;
    const [whole, name, isAppended] = ASSIGNMENT.exec(head) ?? [];
    if (whole === undefined || this.failures >= FAILURES_MAX) return start;
    try {
      const { value, end } = assignedValue(text, start + whole.length, this.valueOf);
      this.assign(name, isAppended ? '+=' : '=', value);
      return end;
    } catch (error) {
      // If the value cannot be read, the variable is unknown.
      if (!(error instanceof UserError)) throw error;
      this.failures++;
      return start;
    }
  }

  private assign(name: string, operator: '=' | '+=', value: string | string[]): void {
    const current = this.values.get(name);
    const isConditional = this.branches > 0;
    if (operator === '=') {
      if (!isConditional || current === undefined) this.values.set(name, value);
    } else if (!isConditional) this.values.set(name, joined(current, value));
  }
}

const HEAD_CHARACTERS = 300;
/** The maximum number of unreadable assignments. It limits the time spent on a hostile script. */
const FAILURES_MAX = 50;
const ASSIGNMENT = /^[ \t]*(?:(?:export|local|readonly|declare|typeset)[ \t]+(?:-\w+[ \t]+)*)?([A-Za-z_]\w*)(\+)?=/;

const ELEMENTS_MAX = 1000;

function joined(current: string | string[] | undefined, added: string | string[]): string | string[] {
  if (typeof current === 'string' && typeof added === 'string') return current + added;
  if (current !== undefined && current.length >= ELEMENTS_MAX && typeof current !== 'string') return current;
  return [current ?? [], added].flat();
}

import { isKeyword } from './keywords.ts';
import { LINES_MAX, type Lines, sourceTokens, type SourceToken } from './sourceTokens.ts';

/** A variable, or a member of one, in a line of source. The columns are counted from 0. */
export interface SourceVariable {
  kind: 'variable' | 'member';
  /** The name of the variable, or the whole expression for a member, such as `p->next`. */
  text: string;
  line: number;
  start: number;
  end: number;
}

/** Members are evaluated one by one, so their number is limited. The lines nearest to the stop come first. */
const MEMBERS_MAX = 30;

/**
 * The variables whose values are worth showing at a stop in C, C++ or Rust: those in the current function, from its
 * parameters to the line of the stop. Later lines have not been executed yet, and other functions have other variables.
 * Each variable is listed once per line. Members are listed only for the last three lines up to the stop.
 */
export function variablesBefore(lines: Lines, stop: number): SourceVariable[] {
  const tokens = sourceTokens(lines, { first: Math.max(0, stop - LINES_MAX), last: stop });
  const code = tokens.slice(startOfFunction(tokens, stop));
  const found = new Map<string, SourceVariable>();
  code.forEach((token, at) => {
    if (!isVariable(code, at)) return;
    const { line, start, end, text } = token;
    const last = endOfMember(code, at);
    if (last === at) return void setOnce(found, { kind: 'variable', text, line, start, end });
    if (stop - line >= MEMBER_LINES || code[last].line !== line) return;
    const whole = lines(line).slice(start, code[last].end);
    setOnce(found, { kind: 'member', text: whole, line, start, end: code[last].end });
  });
  const all = [...found.values()];
  const members = all.filter(({ kind }) => kind === 'member').slice(-MEMBERS_MAX);
  return all.filter((one) => one.kind === 'variable' || members.includes(one));
}

const MEMBER_LINES = 3;

function setOnce(found: Map<string, SourceVariable>, variable: SourceVariable): void {
  const key = `${variable.line} ${variable.text}`;
  if (!found.has(key)) found.set(key, variable);
}

/** A name that starts an operand, and is not a type, a macro or a function that is called. */
function isVariable(tokens: readonly SourceToken[], at: number): boolean {
  const { kind, text } = tokens[at];
  const before = tokens[at - 1]?.text;
  const after = tokens[at + 1];
  if (kind !== 'name' || isKeyword(text) || before === '.' || before === '->' || before === '::') return false;
  if (/^(struct|union|enum|class|trait|fn)$/.test(before ?? '')) return false;
  if (after?.text === '(' || after?.text === '::' || after?.text === '!') return false;
  return after?.kind !== 'name' || RUST_OPERATOR.test(after.text);
}

/** Words that follow a variable in Rust: `x as u32`, `for x in list`. */
const RUST_OPERATOR = /^(as|in)$/;

/** The index of the last token of an expression such as `p->a[i].b` or `p`. Methods do not count as members. */
function endOfMember(tokens: readonly SourceToken[], at: number): number {
  if (isDeclared(tokens, at)) return at;
  let last = at;
  for (;;) {
    const next = tokens[last + 1]?.text ?? '';
    if (/^(\.|->)$/.test(next) && tokens[last + 2]?.kind === 'name' && tokens[last + 3]?.text !== '(') last += 2;
    else if (next === '[' && isSimpleSubscript(tokens, last + 1)) last += 3;
    else return last;
  }
}

/** Whether a name follows a type, as in `char *names[8]`. What looks like a subscript is then the size of an array. */
function isDeclared(tokens: readonly SourceToken[], at: number): boolean {
  let type = at - 1;
  while (tokens[type]?.text === '*') type--;
  const before = tokens[type];
  return before?.kind === 'name' && !/^(return|case|else|in|if|while|match)$/.test(before.text);
}

/** A subscript that is a name or a number, such as `[i]`: it has no side effects. */
function isSimpleSubscript(tokens: readonly SourceToken[], open: number): boolean {
  return tokens[open + 1]?.kind !== 'operator' && tokens[open + 2]?.text === ']';
}

/**
 * The index of the first token of the function that contains the stop; the header with the parameters is part of the
 * function. The function's body starts at the outermost open brace that follows a parenthesis, unlike the braces of
 * namespaces, classes and `impl` blocks. Without such a brace, only the line of the stop is used.
 */
function startOfFunction(tokens: readonly SourceToken[], stop: number): number {
  const open: number[] = [];
  tokens.forEach(({ text }, at) => {
    if (text === '{') open.push(startOfHeader(tokens, at));
    // A stop at the closing brace of a function is still in the function.
    else if (text === '}' && tokens[at].line < stop) open.pop();
  });
  const first = open.find((at) => at >= 0);
  return first ?? tokens.findIndex(({ line }) => line === stop);
}

/** The index of the first token of the header before a brace, such as `int main(void)`; -1 if it has no parentheses. */
function startOfHeader(tokens: readonly SourceToken[], brace: number): number {
  let at = brace - 1;
  let hasParentheses = false;
  for (; at >= 0 && !/^[;{}]$/.test(tokens[at].text); at--) hasParentheses ||= tokens[at].text === ')';
  return hasParentheses ? at + 1 : -1;
}

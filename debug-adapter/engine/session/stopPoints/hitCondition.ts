import { hitConditionIsInvalid } from '../../../messages/stopPoints.ts';
import type { HitCondition } from './stopPoint.ts';

/**
 * Parses a hit condition as users of VS Code write it: `5`, `= 5` and `== 5` stop at the fifth hit, `> 5`, `>= 5`,
 * `< 5` and `<= 5` at the hits whose numbers satisfy the comparison, and `% 3` at every third hit. Throws a UserError
 * for any other text.
 */
export function parseHitCondition(text: string): HitCondition {
  const [, operator, digits] = PATTERN.exec(text) ?? [];
  const column = columnOfProblem(text);
  if (digits === undefined || column !== undefined) throw hitConditionIsInvalid(text, column ?? text.length + 1);
  const compare = OPERATORS[operator];
  const value = Number(digits);
  return { text, stopsAt: (hit) => compare(hit, value) };
}

const PATTERN = /^\s*(==?|>=?|<=?|%|)\s*(\d+)\s*$/;

/** The column at which the text becomes invalid; undefined if it is valid. Columns start at 1. */
function columnOfProblem(text: string): number | undefined {
  const valid = /^\s*(==?|>=?|<=?|%|)\s*/.exec(text)!;
  const [start, operator] = [valid[0].length, valid[1]];
  const digits = /^\d*/.exec(text.slice(start))![0];
  if (digits === '' || !Number.isSafeInteger(Number(digits))) return start + 1;
  if (operator === '%' && Number(digits) === 0) return start + 1;
  const rest = text.slice(start + digits.length);
  return rest.trim() === '' ? undefined : start + digits.length + rest.search(/\S/) + 1;
}

const isSame = (hit: number, value: number): boolean => hit === value;

const OPERATORS: Record<string, (hit: number, value: number) => boolean> = {
  '': isSame,
  '=': isSame,
  '==': isSame,
  '>': (hit, value) => hit > value,
  '>=': (hit, value) => hit >= value,
  '<': (hit, value) => hit < value,
  '<=': (hit, value) => hit <= value,
  '%': (hit, value) => hit % value === 0,
};

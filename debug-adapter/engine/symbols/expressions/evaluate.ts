import { expressionMeetsDamage, isNotANumber, typesDiffer, valueIsOptimizedOut } from '../../../messages/symbols.ts';
import { MalformedData } from '../damage.ts';
import type { Evaluation } from '../symbols.ts';
import { typeName } from '../types/typeName.ts';
import { stripTypedefs, isComposite, sizeOf } from '../types/typeTraits.ts';
import { GuestValue } from '../values/shownValue.ts';
import { convertNumber, isTrue } from './arithmetic.ts';
import { bytesOfNumber } from './conversion.ts';
import type { Environment } from './environment.ts';
import { Evaluator } from './evaluator.ts';
import { parseExpression } from './parser.ts';
import type { Expression } from './tree.ts';

/** Parses and evaluates an expression. For an assignment, computes the bytes to write but does not write them. */
export function evaluate(text: string, environment: Environment): Evaluation {
  return withoutDamage(text, environment, () => {
    const [expression, evaluator] = [parse(text, environment), new Evaluator(environment)];
    if (expression.kind === 'assignment') return assignment(expression, evaluator);
    return { kind: 'value', value: evaluator.evaluate(expression) };
  });
}

/** Parses and evaluates a condition. Returns whether its value is nonzero. */
export function evaluateTruth(text: string, environment: Environment): boolean {
  return withoutDamage(text, environment, () => isTrue(new Evaluator(environment).number(parse(text, environment))));
}

/** Throws a UserError if the computation finds damaged debug information. */
export function withoutDamage<T>(text: string, { context }: Environment, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof MalformedData)) throw error;
    context.report(error);
    throw expressionMeetsDamage(text, error.section);
  }
}

const parse = (text: string, environment: Environment): Expression =>
  parseExpression(text, { types: environment, isVariable: (name) => environment.isVariable(name) });

function assignment(expression: Expression & { kind: 'assignment' }, evaluator: Evaluator): Evaluation {
  const target = evaluator.target(expression.target);
  const { kind } = stripTypedefs(target.type);
  if (isComposite(stripTypedefs(target.type)) || kind === 'array')
    return structAssignment(expression, target, evaluator);
  const number = convertNumber(evaluator.number(expression.value), target.type);
  const bytes = bytesOfNumber(number);
  if (!bytes) throw isNotANumber(expression.target.text, typeName(target.type));
  const { name, context } = target;
  const value = new GuestValue({ name, type: target.type, storage: { kind: 'bytes', bytes }, context });
  return { kind: 'assignment', target, value, bytes: target.bits ? undefined : bytes };
}

/** Assigns a struct or array: copies the bytes of another value of the same type. */
function structAssignment(
  expression: Expression & { kind: 'assignment' },
  target: GuestValue,
  evaluator: Evaluator,
): Evaluation {
  const value = evaluator.evaluate(expression.value);
  if (stripTypedefs(value.type) !== stripTypedefs(target.type)) {
    throw typesDiffer(expression.value.text, typeName(value.type), typeName(target.type));
  }
  const bytes = value.bytes();
  if (!bytes || bytes.length !== sizeOf(target.type)) throw valueIsOptimizedOut(expression.value.text);
  return { kind: 'assignment', target, value, bytes };
}

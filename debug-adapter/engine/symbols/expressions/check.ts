import { findCsr } from '../../isa/csrs.ts';
import type { Predicate } from '../../target/predicate.ts';
import type { Type } from '../types/type.ts';
import { registerNumber } from '../unwinding/registers.ts';
import type { Frame, FrameView } from '../unwinding/frame.ts';
import type { GuestValue } from '../values/shownValue.ts';
import { Compiler, type CompilerNames } from './compiler.ts';
import { Environment, type EnvironmentParts } from './environment.ts';
import { withoutDamage } from './evaluate.ts';
import { located } from './invalidExpression.ts';
import { parseLocated } from './parser.ts';
import { sizeOfPredicate } from './predicateParts.ts';
import { locationOfVariable } from './variableLocation.ts';

/**
 * The maximum size of a compiled condition. Evaluating a larger one costs more than evaluating the expression outside
 * the machine.
 */
const PREDICATE_SIZE_MAX = 500;

/**
 * Checks the syntax, names and types of an expression in the innermost frame at an address. Returns a compiled
 * predicate that holds if the expression's value is not 0; undefined if the machine cannot evaluate the expression.
 * Throws an InvalidExpression.
 */
export function check(
  text: string,
  frame: Frame,
  { parts, innermostFrame }: { parts: EnvironmentParts; innermostFrame: (view: FrameView) => Frame },
): Predicate | undefined {
  const environment = new Environment(parts, frame);
  const expression = parseLocated(text, {
    types: environment,
    isVariable: (name) => environment.isVariable(name),
  });
  const innermost = (view: FrameView) => new Environment(parts, innermostFrame(view));
  const compiler = new Compiler(namesIn(environment, frame, innermost));
  const predicate = located(
    () => expression.at,
    () => withoutDamage(text, environment, () => compiler.truth(expression)),
  );
  return predicate && sizeOfPredicate(predicate) <= PREDICATE_SIZE_MAX ? predicate : undefined;
}

function namesIn(environment: Environment, frame: Frame, innermost: (view: FrameView) => Environment): CompilerNames {
  return {
    variable: (name) => {
      const type = environment.typeOfVariable(name);
      return (
        type && {
          type,
          location: environment.isMember(name)
            ? undefined
            : locationOfVariable(frame.pc, (view) => innermost(view).variable(name)?.storage),
        }
      );
    },
    function: (name) => addressed(environment.function(name)),
    symbol: (name) => addressed(environment.symbol(name)),
    enumerator: (name) => {
      const found = environment.enumerator(name);
      return found && { type: found.type, value: found.value as bigint };
    },
    register: (name) => {
      const value = environment.register(name);
      return value && { type: value.type, contents: contentsOf(name) };
    },
  };
}

function addressed(value: GuestValue | undefined): { type: Type; address: bigint } | undefined {
  const address = value?.lvalue?.address;
  return value && address !== undefined ? { type: value.type, address } : undefined;
}

/**
 * The contents of the register with a given name; undefined if a predicate cannot read it, as with a trap's `$cause`.
 */
function contentsOf(name: string): Predicate | undefined {
  if (name === 'pc') return { kind: 'pc' };
  const register = registerNumber(name);
  if (register !== undefined) return register < 32 ? { kind: 'register', register } : undefined;
  const [, digits] = /^csr(\d+)$/.exec(name) ?? [];
  const number = digits === undefined ? findCsr(name) : Number(digits);
  return number === undefined ? undefined : { kind: 'csr', number };
}

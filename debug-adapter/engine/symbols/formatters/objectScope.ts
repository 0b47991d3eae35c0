import { isTrue } from '../expressions/arithmetic.ts';
import { Evaluator } from '../expressions/evaluator.ts';
import { parseExpression } from '../expressions/parser.ts';
import type { Environment } from '../expressions/environment.ts';
import { stripTypedefs } from '../types/typeTraits.ts';
import type { GuestValue } from '../values/shownValue.ts';
import { applyFormat, splitFormat } from './formatSpecifiers.ts';
import type { Conditional } from './visualizer.ts';

/** Creates the scope of an object's members. Types are also looked up in the scope of the container. */
export type EnvironmentOf = (object: GuestValue, container: GuestValue) => Environment;

/** Evaluates expressions of a natvis file, in which names refer to the members of an object. Throws UserErrors. */
export class ObjectScope {
  readonly object: GuestValue;
  private readonly container: GuestValue;
  private readonly environment: Environment;
  private readonly environmentOf: EnvironmentOf;

  constructor(object: GuestValue, environmentOf: EnvironmentOf, container = object) {
    this.object = object;
    this.container = container;
    this.environmentOf = environmentOf;
    this.environment = environmentOf(object, container);
  }

  /** The scope of a node in this container. */
  of(node: GuestValue): ObjectScope {
    return new ObjectScope(node, this.environmentOf, this.container);
  }

  /** The first value whose condition holds. */
  choose<T>(cases: readonly Conditional<T>[]): T | undefined {
    return cases.find(({ condition }) => this.holds(condition))?.value;
  }

  holds(condition: string | undefined): boolean {
    if (condition === undefined) return true;
    return isTrue(new Evaluator(this.environment).number(this.parse(condition)));
  }

  /** The value of an expression, which may have format specifiers: `_M_p,s`. */
  value(text: string): GuestValue {
    const { expression, format } = splitFormat(text);
    const value = new Evaluator(this.environment).evaluate(this.parse(expression));
    return applyFormat(value, format, (count) => this.count(count)).value;
  }

  /** The text of an expression's value. */
  text(text: string): string {
    const { expression, format } = splitFormat(text);
    const value = new Evaluator(this.environment).evaluate(this.parse(expression));
    return applyFormat(value, format, (count) => this.count(count)).text();
  }

  /**
   * Evaluates an expression that specifies a number of elements. Damaged data can lead to negative or huge numbers;
   * they are replaced by 0 or `COUNT_MAX`.
   */
  count(text: string): number {
    const { value } = new Evaluator(this.environment).number(this.parse(text));
    const count = Number(typeof value === 'bigint' ? value : 0n);
    return Math.min(Math.max(0, count), COUNT_MAX);
  }

  /** The target of a pointer; undefined for a null pointer. */
  target(text: string): { address: bigint; node: GuestValue } | undefined {
    const value = this.value(text);
    const address = stripTypedefs(value.type).kind === 'pointer' ? value.integer() : undefined;
    const node = address ? value.pointee() : undefined;
    return node && { address: address!, node };
  }

  private parse(text: string) {
    return parseExpression(text, {
      types: this.environment,
      isVariable: (name) => this.environment.isVariable(name),
    });
  }
}

const COUNT_MAX = 2 ** 31;

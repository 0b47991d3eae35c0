import { UserError } from '../../../messages/userError.ts';
import { formatterTexts } from '../../../messages/formatters.ts';
import type { Type } from '../types/type.ts';
import { isComposite, stripTypedefs } from '../types/typeTraits.ts';
import { GuestValue, type ValueFormatters } from '../values/shownValue.ts';
import { OPTIMIZED_OUT } from '../values/storage.ts';
import { Children } from './children.ts';
import { withoutFormatters } from './formatSpecifiers.ts';
import { type EnvironmentOf, ObjectScope } from './objectScope.ts';
import type { DisplayPart, Visualizer } from './visualizer.ts';

/**
 * The formatters of a session: summaries and children of values, as natvis files describe them. Expressions are
 * evaluated in the scope of the value, and never call guest functions.
 */
export class Formatters implements ValueFormatters {
  private readonly visualizers: readonly Visualizer[];
  private readonly environmentOf: EnvironmentOf;
  private readonly known = new WeakMap<Type, { visualizer: Visualizer | undefined }>();
  /** The current nesting depth: the text of a value can contain the formatted text of another value. */
  private depth = 0;

  /** Among visualizers with the same priority, the first one is used. */
  constructor(visualizers: readonly Visualizer[], environmentOf: EnvironmentOf) {
    this.visualizers = [...visualizers].sort((a, b) => b.priority - a.priority);
    this.environmentOf = environmentOf;
  }

  textOf(value: GuestValue): string | undefined {
    const visualizer = this.depth < DEPTH_MAX ? this.find(value.type) : undefined;
    if (!visualizer || value.location.kind === 'optimizedOut') return undefined;
    this.depth++;
    try {
      const scope = new ObjectScope(value, this.environmentOf);
      for (const display of visualizer.displays) {
        const text = optional(display, () =>
          scope.holds(display.condition) ? summary(scope, display.value) : undefined,
        );
        if (text !== undefined) return text;
      }
      return undefined;
    } catch (error) {
      return failure(error);
    } finally {
      this.depth--;
    }
  }

  childrenOf(value: GuestValue): GuestValue[] | undefined {
    const visualizer = this.find(value.type);
    if (!visualizer?.expand || value.location.kind === 'optimizedOut') return undefined;
    const { items, hidesRawView } = visualizer.expand;
    const scope = new ObjectScope(value, this.environmentOf);
    const children: GuestValue[] = [];
    for (const item of items) {
      try {
        const added = optional(item, () => (scope.holds(item.condition) ? new Children(scope).of(item) : []));
        children.push(...(added ?? []));
      } catch (error) {
        const name = item.kind === 'item' ? item.name : item.kind;
        children.push(value.part({ name, type: value.type, storage: OPTIMIZED_OUT, fixedText: failure(error) }));
      }
    }
    if (!hidesRawView) children.push(withoutFormatters(value, formatterTexts.rawView()));
    return children;
  }

  private find(type: Type): Visualizer | undefined {
    let found = this.known.get(type);
    if (!found) {
      const names = namesOf(type, 0);
      const visualizer = this.visualizers.find(({ patterns, isInheritable }) =>
        names.some(({ name, isBase }) => (isInheritable || !isBase) && patterns.some(({ matches }) => matches(name))),
      );
      this.known.set(type, (found = { visualizer }));
    }
    return found.visualizer;
  }
}

/** The names of a type and of its base classes; for a typedef, also the names of the types that it stands for. */
function namesOf(type: Type, depth: number): { name: string; isBase: boolean }[] {
  const names: { name: string; isBase: boolean }[] = [];
  let current = type;
  for (let i = 0; i < TYPEDEFS_MAX && (current.kind === 'typedef' || current.kind === 'qualified'); i++) {
    if (current.kind === 'typedef') names.push({ name: current.name, isBase: depth > 0 });
    current = current.target();
  }
  const composite = stripTypedefs(current);
  if (!isComposite(composite) || composite.name === '') return names;
  names.push({ name: composite.name, isBase: depth > 0 });
  if (depth >= BASES_MAX) return names;
  return [...names, ...composite.bases().flatMap((base) => namesOf(base.type(), depth + 1))];
}

const summary = (scope: ObjectScope, parts: readonly DisplayPart[]): string =>
  parts.map((part) => (part.kind === 'text' ? part.text : scope.text(part.expression))).join('');

/** The result of `compute`; undefined if the element is optional and an expression in it cannot be evaluated. */
function optional<T>({ isOptional }: { isOptional?: boolean }, compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (isOptional && error instanceof UserError) return undefined;
    throw error;
  }
}

function failure(error: unknown): string {
  if (error instanceof UserError) return formatterTexts.failed(error.problem);
  throw error;
}

/** The maximum nesting depth of formatted values in the text of a value. */
const DEPTH_MAX = 6;
const TYPEDEFS_MAX = 64;
const BASES_MAX = 8;

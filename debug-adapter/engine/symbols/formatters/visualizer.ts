import type { TypePattern } from './typePattern.ts';

/** A `Type` element of a natvis file: how values of matching types are shown. */
export interface Visualizer {
  /** The name patterns of the `Type` element and of its `AlternativeType` elements. */
  patterns: TypePattern[];
  /** Whether the visualizer also applies to classes that are derived from a matching class. */
  isInheritable: boolean;
  priority: number;
  /** The summaries. The first one whose condition holds is used. */
  displays: Conditional<DisplayPart[]>[];
  /** Describes the children. If it is undefined, the type's own members are shown. */
  expand: { items: ExpandItem[]; hidesRawView: boolean } | undefined;
}

export interface Conditional<T> {
  condition: string | undefined;
  /** Whether this alternative is skipped if an expression in it cannot be evaluated. */
  isOptional?: boolean;
  value: T;
}

/** Text that is shown unchanged, or an expression whose value is shown. */
export type DisplayPart = { kind: 'text'; text: string } | { kind: 'expression'; expression: string };

/** An element of `Expand`, which can add any number of children. */
export type ExpandItem = { condition: string | undefined; isOptional?: boolean } & (
  | { kind: 'item'; name: string; expression: string }
  /** The children of another value. */
  | { kind: 'expanded'; expression: string }
  /** `size` elements in memory, beginning at a pointer. */
  | { kind: 'array'; sizes: Conditional<string>[]; pointers: Conditional<string>[] }
  /** `size` values of an expression that contains `$i`. */
  | { kind: 'indexed'; sizes: Conditional<string>[]; nodes: Conditional<string>[] }
  | {
      kind: 'list';
      sizes: Conditional<string>[];
      head: string;
      next: string;
      node: string;
    }
  /** The nodes of a binary tree, in order. */
  | {
      kind: 'tree';
      sizes: Conditional<string>[];
      head: string;
      left: string;
      right: string;
      node: string;
    }
);

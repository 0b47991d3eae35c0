import { formatterTexts } from '../../../messages/formatters.ts';
import type { Type } from '../types/type.ts';
import { typeName } from '../types/typeName.ts';
import { stripTypedefs } from '../types/typeTraits.ts';
import type { GuestValue } from '../values/shownValue.ts';
import { OPTIMIZED_OUT } from '../values/storage.ts';
import type { ObjectScope } from './objectScope.ts';
import type { ExpandItem } from './visualizer.ts';

/** Creates the children that an element of `Expand` adds. */
export class Children {
  private readonly scope: ObjectScope;

  constructor(scope: ObjectScope) {
    this.scope = scope;
  }

  of(item: ExpandItem): GuestValue[] {
    const { scope } = this;
    switch (item.kind) {
      case 'item':
        return [named(scope.value(item.expression), item.name)];
      case 'expanded':
        // Omit the raw view of this part: the raw view of the whole value contains it.
        return named(scope.value(item.expression), '')
          .children()
          .filter(({ isRaw, name }) => !isRaw || name !== formatterTexts.rawView());
      case 'array':
        return this.elements(scope.choose(item.pointers), this.sizeOf(item.sizes) ?? 0);
      case 'indexed':
        return this.indexed(item, this.sizeOf(item.sizes) ?? 0);
      case 'list':
        return this.list(item);
      case 'tree':
        return this.tree(item);
    }
  }

  private sizeOf(sizes: Extract<ExpandItem, { kind: 'array' }>['sizes']): number | undefined {
    const size = this.scope.choose(sizes);
    return size === undefined ? undefined : this.scope.count(size);
  }

  /** The elements of an array in memory. If there are many, they are grouped, as for any other array. */
  private elements(pointer: string | undefined, count: number): GuestValue[] {
    const value = pointer === undefined ? undefined : this.scope.value(pointer);
    const type = value && stripTypedefs(value.type);
    const first = type?.kind === 'pointer' ? value!.pointee() : undefined;
    if (!value || count === 0) return [];
    const element = first?.type ?? (type?.kind === 'array' ? type.element() : undefined);
    if (!element) return [];
    const array: Type = { kind: 'array', element: () => element, count };
    const { storage, offsetBytes, lvalue } = first ?? value;
    const expression = lvalue && `(${nameOutside(element)} *)0x${lvalue.address.toString(16)}`;
    return value.part({ name: '', type: array, storage, offsetBytes, expression, isRaw: true }).children();
  }

  private indexed({ nodes }: Extract<ExpandItem, { kind: 'indexed' }>, size: number): GuestValue[] {
    const node = this.scope.choose(nodes);
    if (node === undefined) return [];
    const values: GuestValue[] = [];
    for (let i = 0; i < Math.min(size, NODES_MAX); i++) {
      values.push(named(this.scope.value(node.replaceAll('$i', `${i}`)), `[${i}]`));
    }
    return this.withMore(values, size);
  }

  /**
   * The values in a linked list. The list ends at a null pointer, at the container, at a node that was visited before,
   * or after `Size` nodes.
   */
  private list(item: Extract<ExpandItem, { kind: 'list' }>): GuestValue[] {
    const size = this.sizeOf(item.sizes) ?? Infinity;
    const visited = new Set([this.scope.object.lvalue?.address]);
    const values: GuestValue[] = [];
    let next = size > 0 ? this.scope.target(item.head) : undefined;
    while (next && !visited.has(next.address) && values.length < Math.min(size, NODES_MAX)) {
      visited.add(next.address);
      const node = this.scope.of(next.node);
      values.push(named(node.value(item.node), `[${values.length}]`));
      next = node.target(item.next);
    }
    const hasMore = next && !visited.has(next.address) && values.length < size;
    return this.withMore(values, hasMore ? Infinity : values.length);
  }

  /**
   * The values in a binary tree, in order. Each node is visited only once, so that a damaged tree cannot cause an
   * endless loop.
   */
  private tree(item: Extract<ExpandItem, { kind: 'tree' }>): GuestValue[] {
    const size = this.sizeOf(item.sizes) ?? Infinity;
    const visited = new Set<bigint>();
    const values: GuestValue[] = [];
    const open: ObjectScope[] = [];
    const descend = (from: ObjectScope, pointer: string): void => {
      for (let next = from.target(pointer); next && !visited.has(next.address);) {
        if (visited.size >= VISITED_MAX) return;
        visited.add(next.address);
        const scope = this.scope.of(next.node);
        open.push(scope);
        next = scope.target(item.left);
      }
    };
    if (size > 0) descend(this.scope, item.head);
    while (open.length > 0 && values.length < Math.min(size, NODES_MAX)) {
      const scope = open.pop()!;
      values.push(named(scope.value(item.node), `[${values.length}]`));
      if (values.length < size) descend(scope, item.right);
    }
    return this.withMore(values, open.length > 0 && values.length < size ? Infinity : values.length);
  }

  /** If there are more elements than `values`, adds a last child that says so. */
  private withMore(values: GuestValue[], size: number): GuestValue[] {
    if (size <= values.length || values.length === 0) return values;
    const { object } = this.scope;
    const fixedText = formatterTexts.moreText(values.length);
    return [...values, object.part({ name: formatterTexts.more(), type: VOID, storage: OPTIMIZED_OUT, fixedText })];
  }
}

function named(value: GuestValue, name: string): GuestValue {
  const { type, storage, offsetBytes, bits, derived, isRaw, group, fixedText } = value;
  const parts = { name, type, storage, offsetBytes, bits, derived, isRaw, group, fixedText };
  return value.part({ ...parts, expression: value.location.kind === 'memory' ? addressExpression(value) : undefined });
}

/** An expression, valid outside the container's scope, for a value in memory; undefined for a bit-field. */
function addressExpression({ lvalue, type }: GuestValue): string | undefined {
  return lvalue && !lvalue.bits ? `*(${nameOutside(type)} *)0x${lvalue.address.toString(16)}` : undefined;
}

/**
 * The name of a type, for use outside the class that declares it. A typedef in a template class is replaced by its
 * target, because it often cannot be found by name.
 */
const nameOutside = (type: Type): string =>
  typeName(type.kind === 'typedef' && type.name.includes('>::') ? stripTypedefs(type) : type);

const VOID: Type = { kind: 'void' };
/** The maximum number of list or tree nodes to show: gdb's default for `set print elements`. */
const NODES_MAX = 200;
const VISITED_MAX = 10_000;

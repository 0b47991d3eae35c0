import type { ArrayType, Type } from '../types/type.ts';
import { hasDynamicSize } from '../types/typeTraits.ts';

/**
 * The type of a value in a frame. An array whose length is known only at run time gets the length that it has in this
 * frame. `countOf` returns the length for a `boundsKey`; undefined if the length is optimized out. Other types are
 * returned unchanged.
 */
export function withBounds(type: Type, countOf: (boundsKey: number) => number | undefined): Type {
  if (!hasDynamicSize(type)) return type;
  switch (type.kind) {
    case 'array': {
      const element = withBounds(type.element(), countOf);
      const { boundsKey, ...rest } = type;
      const count = boundsKey === undefined ? type.count : countOf(boundsKey);
      const isUnknown = boundsKey !== undefined && count === undefined;
      return { ...rest, count, ...(isUnknown && { boundsKey }), element: () => element } satisfies ArrayType;
    }
    case 'typedef':
    case 'qualified': {
      const target = withBounds(type.target(), countOf);
      return { ...type, target: () => target };
    }
    default:
      return type;
  }
}

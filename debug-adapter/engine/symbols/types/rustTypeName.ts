import type { ArrayType, FunctionType, Type } from './type.ts';

/**
 * The name of a Rust type as gdb's `whatis` prints it: `*mut i32`, `[u8; 4]`, `fn (i32) -> bool`. DWARF does not
 * distinguish references from raw pointers.
 */
export function rustTypeName(type: Type, depth = 0): string {
  if (depth > CHAIN_MAX) return '...';
  switch (type.kind) {
    case 'pointer':
      return `*mut ${rustTypeName(type.target(), depth + 1)}`;
    case 'array':
      return arrayName(type, depth);
    case 'function':
      return functionName(type, depth);
    case 'qualified':
      return rustTypeName(type.target(), depth + 1);
    case 'void':
    case 'memberPointer':
      return '()';
    default:
      return type.name;
  }
}

function arrayName(type: ArrayType, depth: number): string {
  const element = rustTypeName(type.element(), depth + 1);
  return type.count === undefined ? `[${element}]` : `[${element}; ${type.count}]`;
}

/** In Rust, a function without a return type returns `()`. */
function functionName(type: FunctionType, depth: number): string {
  const parameters = type.parameters().map((parameter) => rustTypeName(parameter, depth + 1));
  const result = type.result();
  const arrow = result.kind === 'void' ? '' : ` -> ${rustTypeName(result, depth + 1)}`;
  return `fn (${parameters.join(', ')})${arrow}`;
}

const CHAIN_MAX = 64;

import { TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { rangesOf } from '../dwarf/ranges.ts';
import type { AddressRange } from '../symbols.ts';

/**
 * A function's nesting: lexical blocks and bodies of inlined functions, each with its code. A block without code of its
 * own dissolves into the one around it (DWARF 5, section 3.5: it may have no attributes), and so does one that declares
 * nothing, as in gdb: blocks decide how many locations a breakpoint has.
 */
export interface Block {
  kind: 'function' | 'block' | 'inlined';
  die: Die;
  ranges: AddressRange[];
  parent: Block | undefined;
  inner: Block[];
  /** Entries of its variables and arguments. */
  variables: Die[];
}

export function readBlocks(die: Die, ranges: AddressRange[]): Block {
  const block: Block = { kind: 'function', die, ranges, parent: undefined, inner: [], variables: [] };
  fill(block, die, 0);
  return block;
}

/** From the function to the innermost block with code at `pc`. */
export function blocksAt(block: Block, pc: bigint): Block[] {
  const path = [block];
  for (;;) {
    const inner = path[path.length - 1].inner.find(({ ranges }) => holds(ranges, pc));
    if (!inner) return path;
    path.push(inner);
  }
}

export function holds(ranges: readonly AddressRange[], pc: bigint): boolean {
  return ranges.some(({ start, end }) => start <= pc && pc < end);
}

function fill(block: Block, die: Die, depth: number): void {
  if (depth > DEPTH_MAX) return;
  for (const child of die.children()) {
    if (child.tag === TAG.variable || child.tag === TAG.formalParameter) block.variables.push(child);
    else if (child.tag === TAG.lexicalBlock) fillInner('block', block, child, depth);
    else if (child.tag === TAG.inlinedSubroutine) fillInner('inlined', block, child, depth);
  }
}

function fillInner(kind: 'block' | 'inlined', parent: Block, die: Die, depth: number): void {
  const ranges = rangesOf(die);
  const dissolves = ranges.length === 0 || (kind === 'block' && !declaresAnything(die));
  if (ranges.length === 0 && kind === 'inlined') return;
  if (dissolves) {
    fill(parent, die, depth + 1);
    return;
  }
  const block: Block = { kind, die, ranges, parent, inner: [], variables: [] };
  parent.inner.push(block);
  fill(block, die, depth + 1);
}

function declaresAnything(die: Die): boolean {
  for (const child of die.children()) {
    if (!NO_DECLARATIONS.has(child.tag)) return true;
  }
  return false;
}

/** Blocks, inlined bodies, and call sites with and without GNU's numbers. */
const NO_DECLARATIONS = new Set<number>([TAG.lexicalBlock, TAG.inlinedSubroutine, 0x48, 0x49, 0x4109, 0x410a]);

/** No compiler nests so deep; damage could, by a sibling that leads into its own child. */
const DEPTH_MAX = 200;

import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import { rangesOf } from '../dwarf/ranges.ts';
import type { AddressRange } from '../symbols.ts';

/** A node in a function's tree of lexical blocks and inlined functions, with its code ranges. */
export interface Block {
  kind: 'function' | 'block' | 'inlined';
  die: Die;
  ranges: AddressRange[];
  parent: Block | undefined;
  inner: Block[];
  /** The DIEs of the block's variables and arguments. */
  variables: Die[];
}

/**
 * Reads a function's tree of blocks. A block without code ranges is merged into its parent (DWARF 5, section 3.5,
 * permits blocks without attributes). As in gdb, a block without declarations is also merged into its parent, so that
 * a line in it does not get a separate breakpoint location.
 */
export function readBlocks(die: Die, ranges: AddressRange[]): Block {
  const block: Block = { kind: 'function', die, ranges, parent: undefined, inner: [], variables: [] };
  readChildren(block, die, 0);
  return block;
}

/** The path from the function to the innermost block that contains `pc`. */
export function blocksAt(block: Block, pc: bigint): Block[] {
  const path = [block];
  for (;;) {
    const inner = path[path.length - 1].inner.find(({ ranges }) => containsAddress(ranges, pc));
    if (!inner) return path;
    path.push(inner);
  }
}

export function containsAddress(ranges: readonly AddressRange[], pc: bigint): boolean {
  return ranges.some(({ start, end }) => start <= pc && pc < end);
}

function readChildren(block: Block, die: Die, depth: number): void {
  if (depth > DEPTH_MAX) return;
  for (const child of die.children()) {
    if (isVariable(child)) block.variables.push(child);
    else if (child.tag === TAG.lexicalBlock) readInner('block', block, child, depth);
    else if (child.tag === TAG.inlinedSubroutine) readInner('inlined', block, child, depth);
  }
  block.variables.push(...inheritedVariables(die));
}

/**
 * The variables and arguments of the abstract instance (DWARF 5, section 3.3.8) that a concrete instance omits because
 * it does not use them. As in gdb (inherit_abstract_dies), the concrete instance has them too, usually as
 * `<optimized out>`.
 */
function inheritedVariables(die: Die): Die[] {
  const abstract = die.reference(AT.abstractOrigin);
  if (!abstract) return [];
  const found: Die[] = [];
  collectVariables(abstract, found, 0);
  if (found.length === 0) return [];
  const mentioned = new Set<number>();
  collectOrigins(die, mentioned, 0);
  return found.filter(({ key }) => !mentioned.has(key));
}

/** Collects the variables of a function or block, and those of its inner blocks that have no code of their own. */
function collectVariables(die: Die, found: Die[], depth: number): void {
  if (depth > DEPTH_MAX) return;
  for (const child of die.children()) {
    if (isVariable(child)) found.push(child);
    else if (child.tag === TAG.lexicalBlock) collectVariables(child, found, depth + 1);
  }
}

function collectOrigins(die: Die, origins: Set<number>, depth: number): void {
  if (depth > DEPTH_MAX) return;
  for (const child of die.children()) {
    const origin = isVariable(child) ? child.reference(AT.abstractOrigin) : undefined;
    if (origin) origins.add(origin.key);
    else if (child.tag === TAG.lexicalBlock) collectOrigins(child, origins, depth + 1);
  }
}

const isVariable = ({ tag }: Die): boolean => tag === TAG.variable || tag === TAG.formalParameter;

function readInner(kind: 'block' | 'inlined', parent: Block, die: Die, depth: number): void {
  const ranges = rangesOf(die);
  const isMerged = ranges.length === 0 || (kind === 'block' && !declaresAnything(die));
  if (ranges.length === 0 && kind === 'inlined') return;
  if (isMerged) {
    readChildren(parent, die, depth + 1);
    return;
  }
  const block: Block = { kind, die, ranges, parent, inner: [], variables: [] };
  parent.inner.push(block);
  readChildren(block, die, depth + 1);
}

function declaresAnything(die: Die): boolean {
  for (const child of die.children()) {
    if (!NO_DECLARATIONS.has(child.tag)) return true;
  }
  return false;
}

/**
 * The tags of entries that declare nothing: lexical blocks, inlined subroutines, and call sites with their parameters
 * (in DWARF 5 and in GNU numbering).
 */
const NO_DECLARATIONS = new Set<number>([TAG.lexicalBlock, TAG.inlinedSubroutine, 0x48, 0x49, 0x4109, 0x410a]);

/**
 * The maximum nesting depth; compilers generate far fewer levels. In a damaged file, the nesting may be endless,
 * because a sibling reference can point to one of the entry's own children.
 */
const DEPTH_MAX = 200;

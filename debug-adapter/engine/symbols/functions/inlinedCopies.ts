import { AT, TAG } from '../dwarf/constants.ts';
import type { Die } from '../dwarf/die.ts';
import type { Unit } from '../dwarf/info.ts';
import { outlineOf } from '../dwarf/outline.ts';
import { rangesOf } from '../dwarf/ranges.ts';

/**
 * The first instructions of the inlined copies of functions in a unit. `origins` contains the keys of the functions'
 * abstract instances. A function in a header may be inlined in a thousand units, so nothing is cached.
 */
export function inlinedIn(unit: Unit, origins: ReadonlySet<number>): bigint[] {
  const found: bigint[] = [];
  for (const offset of outlineOf(unit).functions) {
    const die = unit.die(offset);
    if (die && (die.has(AT.lowPc) || die.has(AT.ranges))) addInlined(die, { origins, found }, 0);
  }
  return found;
}

/** Adds the inlined copies inside an entry. Returns the offset of the last entry that was read. */
function addInlined(die: Die, search: { origins: ReadonlySet<number>; found: bigint[] }, depth: number): number {
  let last = die.offset;
  for (const child of die.children()) {
    // In a damaged file, a sibling reference can point to an entry inside the subtree that it skips.
    if (child.offset <= last) break;
    last = child.offset;
    const isInlined = child.tag === TAG.inlinedSubroutine;
    if (isInlined && search.origins.has(originKey(child) ?? -1)) {
      const [first] = rangesOf(child);
      if (first) search.found.push(first.start);
    }
    const isNested = isInlined || child.tag === TAG.lexicalBlock;
    if (isNested && depth < DEPTH_MAX) last = addInlined(child, search, depth + 1);
  }
  return last;
}

/** The key of the entry that DW_AT_abstract_origin refers to, without reading that entry. */
function originKey(die: Die): number | undefined {
  const value = die.value(AT.abstractOrigin);
  if (value?.kind === 'unitReference') return die.unit.keyBase + die.unit.start + value.offset;
  return value?.kind === 'reference' ? value.offset : undefined;
}

/** The maximum nesting depth; only damaged files exceed it. */
const DEPTH_MAX = 200;

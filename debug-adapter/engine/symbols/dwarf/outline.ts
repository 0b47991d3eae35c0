import { MalformedData } from '../damage.ts';
import { TAG } from './constants.ts';
import type { Die } from './die.ts';
import type { Unit } from './info.ts';

/**
 * The functions of a unit and its named scopes (namespaces, classes, structures, unions), found in one pass. DWARF
 * entries do not refer to their parents, so an entry's scope is found by the entry's offset.
 */
class UnitOutline {
  /** The offsets of all subprogram entries: definitions, declarations and abstract instances. */
  readonly functions: readonly number[];
  /** In ascending order of start offset, so a scope comes before the scopes that it contains. */
  private readonly scopes: Scope[] = [];

  constructor(unit: Unit) {
    const functions: number[] = [];
    this.functions = functions;
    try {
      this.addChildren(unit.root, functions, { name: '', start: unit.start, end: unit.end, index: -1, depth: 0 });
    } catch (error) {
      // Keep what precedes the damaged entry.
      if (!(error instanceof MalformedData)) throw error;
      unit.info.report(error);
    }
  }

  /** The qualified name of the scope that contains an entry, such as `geo::inner`; empty for a top-level entry. */
  scopeAt(offset: number): string {
    let innermost = this.lastBefore(offset);
    // The recorded end of the last scope inside another one is not exact, so check that every outer scope also contains
    // the offset.
    for (let index = innermost; index >= 0; index = this.scopes[index].parent) {
      if (offset >= this.scopes[index].end) innermost = this.scopes[index].parent;
    }
    return innermost < 0 ? '' : this.scopes[innermost].name;
  }

  /** Adds the functions and scopes inside an entry. Returns the offset of the last entry that was read. */
  private addChildren(die: Die, functions: number[], outer: OuterScope): number {
    let previous: Scope | undefined;
    let last = outer.start;
    for (const child of die.children()) {
      const start = child.offset;
      // In a damaged file, a sibling reference can point to an entry inside the subtree that it skips.
      if (start <= last) break;
      if (previous) previous.end = start;
      previous = undefined;
      last = start;
      if (child.tag === TAG.subprogram) functions.push(start);
      if (!CONTAINERS.has(child.tag) || outer.depth > DEPTH_MAX) continue;
      const name = nameIn(outer.name, child);
      previous = { start, end: outer.end, name, parent: outer.index };
      const index = this.scopes.push(previous) - 1;
      last = this.addChildren(child, functions, { name, start, end: outer.end, index, depth: outer.depth + 1 });
    }
    return last;
  }

  /** The index of the last scope that starts before an offset; -1 if there is none. */
  private lastBefore(offset: number): number {
    let low = 0;
    let high = this.scopes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.scopes[middle].start < offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The outline of a unit, which is created on first use. */
export function outlineOf(unit: Unit): UnitOutline {
  let outline = known.get(unit);
  if (!outline) known.set(unit, (outline = new UnitOutline(unit)));
  return outline;
}

const known = new WeakMap<Unit, UnitOutline>();

/** Joins a scope and a name: `geo::Point`. */
export function qualify(scope: string, name: string): string {
  return scope && name ? `${scope}::${name}` : scope || name;
}

interface OuterScope {
  name: string;
  start: number;
  end: number;
  index: number;
  depth: number;
}

interface Scope {
  start: number;
  end: number;
  name: string;
  /** The index of the enclosing scope; -1 for the unit. */
  parent: number;
}

/**
 * The name of a scope inside another one, as in gdb (determine_prefix): an unnamed namespace is shown as
 * `(anonymous namespace)`. For an unnamed class or a function, the result is empty.
 */
function nameIn(outer: string, die: Die): string {
  if (die.tag === TAG.subprogram || die.tag === TAG.lexicalBlock) return '';
  const name = die.name;
  if (die.tag === TAG.namespace) return qualify(outer, name ?? '(anonymous namespace)');
  return name ? qualify(outer, name) : '';
}

/**
 * Tags of entries that can contain functions: rustc places methods in structures, and gcc places lambdas in functions.
 */
const CONTAINERS = new Set<number>([
  TAG.namespace,
  TAG.module,
  TAG.classType,
  TAG.structureType,
  TAG.unionType,
  TAG.subprogram,
  TAG.lexicalBlock,
]);

/** The maximum nesting depth; only damaged files exceed it. */
const DEPTH_MAX = 100;

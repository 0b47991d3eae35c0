import { assert } from '../base/assert.ts';
import type { ScratchSlots } from './scratchSlots.ts';

/**
 * Maps each cluster of a scratch layer to its location: unwritten, a slot of the scratch file, or all zero. The map is
 * a tree of nodes with 512 entries each; a large region that is unwritten or zeroed needs only a single entry. Maps
 * share their nodes and copy them on write: `reference` copies nothing, and the first change to either map copies the
 * nodes on the path to the changed entry. Each node counts the maps and nodes that refer to it, and `ScratchSlots`
 * counts the leaves that refer to each slot. `release` drops a map's references.
 */
export class SlotMap {
  private readonly clusters: number;
  private readonly slots: ScratchSlots;
  /** The number of levels of branches above the leaves. */
  private readonly height: number;
  private root: Entry;

  constructor(clusters: number, slots: ScratchSlots) {
    this.clusters = clusters;
    this.slots = slots;
    this.height = heightFor(clusters);
  }

  /** Returns a copy of the map that shares its nodes. Later changes to one map are not visible in the other. */
  reference(): SlotMap {
    const map = new SlotMap(this.clusters, this.slots);
    map.root = this.root;
    if (isNode(map.root)) map.root.references++;
    return map;
  }

  /** Empties the map and frees the slots to which no other map refers. */
  release(): void {
    this.unreference(this.root);
    this.root = undefined;
  }

  /** Returns the location of a cluster: a slot, ZERO_SLOT, or undefined if the cluster has never been written. */
  get(cluster: number): number | undefined {
    let entry = this.root;
    for (let level = this.height; entry instanceof Branch; level--) entry = entry.entries[indexAt(cluster, level)];
    if (!(entry instanceof Leaf)) return entry === 'zero' ? ZERO_SLOT : undefined;
    const stored = entry.slots[cluster % FANOUT];
    if (stored > 0) return stored - 1;
    return stored === STORED_ZERO ? ZERO_SLOT : undefined;
  }

  /**
   * The slot of a cluster if no other map refers to the slot, which can then be written in place. Otherwise undefined.
   */
  writableSlot(cluster: number): number | undefined {
    let entry = this.root;
    for (let level = this.height; entry instanceof Branch; level--) {
      if (entry.references > 1) return undefined;
      entry = entry.entries[indexAt(cluster, level)];
    }
    if (!(entry instanceof Leaf) || entry.references > 1) return undefined;
    const stored = entry.slots[cluster % FANOUT];
    return stored > 0 && this.slots.referencesTo(stored - 1) === 1 ? stored - 1 : undefined;
  }

  set(cluster: number, slot: number): void {
    assert(cluster < this.clusters, 'the cluster is outside the disk');
    const { slots } = this.writableLeaf(cluster);
    const before = slots[cluster % FANOUT];
    this.slots.addOwner(slot);
    slots[cluster % FANOUT] = slot + 1;
    if (before > 0) this.slots.removeOwner(before - 1);
  }

  setZero(first: number, end: number): void {
    // Zeroing up to the end of the disk is extended to the end of the tree, so that it takes a single entry, regardless
    // of the disk size.
    const last = end >= this.clusters ? Infinity : end;
    if (first < last) this.root = this.zeroed(this.root, this.height, first, last);
  }

  /** The written regions in order, measured in clusters and rounded up to whole leaves. */
  regions(): { first: number; clusters: number }[] {
    return [...this.parts()].map(({ first, clusters }) => ({ first, clusters }));
  }

  /**
   * The exact runs of clusters that are written or zero, in order, optionally limited to a range. A run never extends
   * across the boundary between two leaves.
   */
  *runs(from = 0, to = this.clusters): Generator<Run> {
    for (const { first, clusters, entry } of this.parts(from, to)) {
      if (entry === 'zero') yield* within({ first, clusters, isZero: true }, from, to);
      else for (const run of runsIn(entry.slots, first)) yield* within(run, from, to);
    }
  }

  /** The number of clusters that have a slot. Each call visits every written region. */
  slotCount(): number {
    let count = 0;
    for (const { entry } of this.parts()) {
      if (entry !== 'zero') count += entry.slots.reduce((sum, stored) => sum + (stored > 0 ? 1 : 0), 0);
    }
    return count;
  }

  // --- nodes -----------------------------------------------------------------------------------------------------------

  private writableLeaf(cluster: number): Leaf {
    let node = (this.root = this.writableNode(this.root, this.height));
    for (let level = this.height; node instanceof Branch; level--) {
      const index = indexAt(cluster, level);
      const below: Node = this.writableNode(node.entries[index], level - 1);
      node.entries[index] = below;
      node = below;
    }
    return node;
  }

  /**
   * Returns the entry as a node to which only this map refers. The caller guarantees that only this map refers to the
   * nodes above it.
   */
  private writableNode(entry: Entry, level: number): Node {
    if (isNode(entry) && entry.references === 1) return entry;
    this.slots.mapBytes += NODE_BYTES[level === 0 ? 'leaf' : 'branch'];
    if (!isNode(entry)) return level === 0 ? new Leaf(leafOf(entry)) : new Branch(new Array<Entry>(FANOUT).fill(entry));
    entry.references--;
    if (entry instanceof Leaf) {
      for (const stored of entry.slots) if (stored > 0) this.slots.addOwner(stored - 1);
      return new Leaf(entry.slots.slice());
    }
    for (const below of entry.entries) if (isNode(below)) below.references++;
    return new Branch(entry.entries.slice());
  }

  private unreference(entry: Entry): void {
    if (!isNode(entry) || --entry.references > 0) return;
    this.slots.mapBytes -= NODE_BYTES[entry instanceof Leaf ? 'leaf' : 'branch'];
    if (entry instanceof Branch) for (const below of entry.entries) this.unreference(below);
    else for (const stored of entry.slots) if (stored > 0) this.slots.removeOwner(stored - 1);
  }

  /**
   * Zeroes the clusters from `first` up to `end`, counted from the entry's first cluster. Returns the resulting entry.
   */
  private zeroed(entry: Entry, level: number, first: number, end: number): Entry {
    if (entry === 'zero') return entry;
    if (first <= 0 && end >= CLUSTERS_PER_ENTRY[level + 1]) {
      this.unreference(entry);
      return 'zero';
    }
    const node = this.writableNode(entry, level);
    const span = CLUSTERS_PER_ENTRY[level];
    const last = Math.min(FANOUT, Math.ceil(end / span));
    for (let i = Math.max(0, Math.floor(first / span)); i < last; i++) {
      if (node instanceof Branch) {
        node.entries[i] = this.zeroed(node.entries[i], level - 1, first - i * span, end - i * span);
      } else {
        if (node.slots[i] > 0) this.slots.removeOwner(node.slots[i] - 1);
        node.slots[i] = STORED_ZERO;
      }
    }
    // If all entries of the node are zero, the node is replaced by a single entry. A region that was zeroed in pieces
    // then needs no more memory than one that was zeroed in a single call.
    if (!isAllZero(node)) return node;
    this.unreference(node);
    return 'zero';
  }

  /** The leaves and zero regions between the clusters `from` and `to`, in order. */
  private parts(from = 0, to = this.clusters): Generator<Region> {
    return this.partsOf(this.root, { level: this.height, first: 0 }, { from, to });
  }

  private *partsOf(
    entry: Entry,
    { level, first }: { level: number; first: number },
    { from, to }: { from: number; to: number },
  ): Generator<Region> {
    if (entry === undefined || first >= this.clusters) return;
    if (!(entry instanceof Branch)) {
      yield { first, clusters: Math.min(CLUSTERS_PER_ENTRY[level + 1], this.clusters - first), entry };
      return;
    }
    const span = CLUSTERS_PER_ENTRY[level];
    const last = Math.min(FANOUT, Math.ceil((to - first) / span));
    for (let i = Math.max(0, Math.floor((from - first) / span)); i < last; i++) {
      yield* this.partsOf(entry.entries[i], { level: level - 1, first: first + i * span }, { from, to });
    }
  }
}

export const ZERO_SLOT = -1;

const FANOUT = 512;
/** The number of clusters that an entry covers, by level: in a leaf, in a branch above leaves, and so on. */
const CLUSTERS_PER_ENTRY = Array.from({ length: 7 }, (_, level) => FANOUT ** level);
/** The estimated memory use of a node, including its object overhead. */
const NODE_BYTES = { leaf: FANOUT * 4 + 256, branch: FANOUT * 8 + 64 };
const UNWRITTEN = 0;
const STORED_ZERO = -1;

class Branch {
  references = 1;
  readonly entries: Entry[];

  constructor(entries: Entry[]) {
    this.entries = entries;
  }
}

/** A node at the lowest level of the tree. A slot is stored as its number plus one, because 0 means unwritten. */
class Leaf {
  references = 1;
  readonly slots: Int32Array;

  constructor(slots: Int32Array) {
    this.slots = slots;
  }
}

type Node = Branch | Leaf;
type Entry = Node | 'zero' | undefined;
type Run = { first: number; clusters: number; isZero: boolean };
type Region = { first: number; clusters: number; entry: Leaf | 'zero' };

const isNode = (entry: Entry): entry is Node => typeof entry === 'object';

const isAllZero = (node: Node): boolean =>
  node instanceof Branch
    ? node.entries.every((entry) => entry === 'zero')
    : node.slots.every((stored) => stored === STORED_ZERO);

const indexAt = (cluster: number, level: number): number => Math.floor(cluster / CLUSTERS_PER_ENTRY[level]) % FANOUT;

const leafOf = (entry: 'zero' | undefined): Int32Array => new Int32Array(FANOUT).fill(entry ? STORED_ZERO : UNWRITTEN);

const heightFor = (clusters: number): number => CLUSTERS_PER_ENTRY.slice(1).findIndex((span) => span >= clusters);

function* within({ first, clusters, isZero }: Run, from: number, to: number): Generator<Run> {
  const start = Math.max(first, from);
  const end = Math.min(first + clusters, to);
  if (start < end) yield { first: start, clusters: end - start, isZero };
}

function* runsIn(slots: Int32Array, offset: number): Generator<Run> {
  for (let start = 0; start < FANOUT;) {
    const kind = Math.sign(slots[start]);
    let end = start + 1;
    while (end < FANOUT && Math.sign(slots[end]) === kind) end++;
    if (kind !== UNWRITTEN) yield { first: offset + start, clusters: end - start, isZero: kind === STORED_ZERO };
    start = end;
  }
}

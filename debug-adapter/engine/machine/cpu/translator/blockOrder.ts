import { type Block, type Offset, successorsOf } from './regionGraph.ts';

/** A block in the region's order, with its children and parent in the dominator tree. */
export interface OrderedBlock {
  block: Block;
  /** The index in reverse post-order. */
  index: number;
  /** The blocks that this block immediately dominates. */
  children: OrderedBlock[];
  isLoop: boolean;
  /** Whether more than one forward edge leads to this block. */
  isMerge: boolean;
  predecessors: OrderedBlock[];
  successors: OrderedBlock[];
  dominator: OrderedBlock | undefined;
}

/**
 * Orders the blocks of a region for WebAssembly's structured control flow: each block follows its dominator and all its
 * predecessors, except those from which a loop's back edge leads to it. An edge into the middle of a loop cannot be
 * expressed, so it becomes an exit from the region.
 */
export function orderBlocks(entry: Block): OrderedBlock[] {
  for (;;) {
    const order = reversePostOrder(entry);
    findDominators(order);
    const edge = findIrreducible(order);
    if (!edge) {
      nest(order);
      return order;
    }
    removeEdge(edge.from.block, edge.to.block);
  }
}

function reversePostOrder(entry: Block): OrderedBlock[] {
  const ordered = new Map<Block, OrderedBlock>();
  const post: OrderedBlock[] = [];
  const visit = (block: Block): OrderedBlock => {
    const known = ordered.get(block);
    if (known) return known;
    const item: OrderedBlock = {
      block,
      index: -1,
      children: [],
      isLoop: false,
      isMerge: false,
      predecessors: [],
      successors: [],
      dominator: undefined,
    };
    ordered.set(block, item);
    // Two edges to the same block are recorded as two successors.
    for (const successor of successorsOf(block)) item.successors.push(visit(successor));
    post.push(item);
    return item;
  };
  visit(entry);
  post.reverse().forEach((item, index) => (item.index = index));
  for (const item of post) for (const successor of item.successors) successor.predecessors.push(item);
  return post;
}

/** Finds the immediate dominator of each block (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm"). */
function findDominators(order: OrderedBlock[]): void {
  order[0].dominator = order[0];
  for (let changed = true; changed;) {
    changed = false;
    for (const item of order.slice(1)) {
      let found: OrderedBlock | undefined;
      for (const predecessor of item.predecessors) {
        if (predecessor.dominator) found = found ? commonDominator(found, predecessor) : predecessor;
      }
      if (found !== item.dominator) changed = true;
      item.dominator = found;
    }
  }
}

function commonDominator(a: OrderedBlock, b: OrderedBlock): OrderedBlock {
  while (a !== b) {
    while (a.index > b.index) a = a.dominator!;
    while (b.index > a.index) b = b.dominator!;
  }
  return a;
}

/** Finds a back edge whose target does not dominate its source. */
function findIrreducible(order: OrderedBlock[]): { from: OrderedBlock; to: OrderedBlock } | undefined {
  for (const from of order) {
    for (const to of from.successors) {
      if (to.index <= from.index && commonDominator(from, to) !== to) return { from, to };
    }
  }
  return undefined;
}

function removeEdge(from: Block, to: Block): void {
  const { end } = from;
  const leave = (target: Block | Offset) => (target === to ? to.offset : target);
  if (end.kind === 'branch') from.end = { ...end, taken: leave(end.taken), otherwise: leave(end.otherwise) };
  else if (end.kind === 'jump' || end.kind === 'expected') from.end = { ...end, to: leave(end.to) };
}

function nest(order: OrderedBlock[]): void {
  for (const item of order) {
    const forwardEdges = item.predecessors.filter((predecessor) => predecessor.index < item.index);
    item.isMerge = forwardEdges.length > 1;
    item.isLoop = forwardEdges.length < item.predecessors.length;
    if (item.index > 0) item.dominator!.children.push(item);
  }
}

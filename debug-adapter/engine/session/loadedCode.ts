import type { Inspector } from '../target/inspector.ts';
import type { CodeGroup } from '../symbols/index.ts';

// The number of bytes to compare in each direction. Code that several programs share, such as a library, is rarely
// longer than this, so the comparison reaches code in which the programs differ.
const REACH_BYTES = 1 << 15;
const NEARBY_BYTES = 64;
const AGREEMENT_MIN = 0.75;
const BLOCK_BITS = 6n;

/** The guest memory that files are compared with, accessed through the current page tables. */
export type GuestMemory = Pick<Inspector, 'readMemory'>;

/**
 * Determines which program's code is in memory. Different programs use the same addresses at different times, so their
 * files are compared with guest memory. The file that matches best is considered loaded if most of its code matches. It
 * does not have to match completely, because a kernel patches its own code.
 */
export class LoadedCode {
  private groups: readonly CodeGroup[];
  private memory: GuestMemory;
  private known = new Map<bigint, readonly CodeGroup[]>();

  constructor(groups: readonly CodeGroup[], memory: GuestMemory) {
    this.groups = groups;
    this.memory = memory;
  }

  /**
   * The best match at `pc`. The result is cached for each 64-byte block until `forget` is called. Finding the match
   * takes a few microseconds, or about 100 us if several files match the nearby bytes.
   */
  at(pc: bigint): CodeGroup | undefined {
    return this.allAt(pc)[0];
  }

  /** Whether the program's code is in memory at `pc`. Several programs may match equally well. */
  isLoaded(group: CodeGroup, pc: bigint): boolean {
    return this.allAt(pc).includes(group);
  }

  /** Discards the cache, because memory may have changed. */
  forget(): void {
    this.known.clear();
  }

  private allAt(pc: bigint): readonly CodeGroup[] {
    const block = pc >> BLOCK_BITS;
    const known = this.known.get(block);
    if (known?.[0]?.codeAround(pc, 1) && known[0].hasInformation(pc)) return known;
    const found = this.find(pc);
    this.known.set(block, found);
    return found;
  }

  /** The matching groups, best first. */
  private find(pc: bigint): readonly CodeGroup[] {
    const candidates = this.groups.filter((group) => group.codeAround(pc, 1));
    const knowing = candidates.filter((group) => group.hasInformation(pc));
    // If memory is unreadable, the program is probably not loaded yet: accept a file if it is the only candidate.
    if (this.memory.readMemory(pc, 1).length === 0) return knowing.length === 1 ? knowing : [];
    const best = this.bestOf(candidates, pc);
    if (best.some((group) => knowing.includes(group))) return best;
    // The best match has no names for this address. A different build of the program may have them; they are valid if
    // the function is identical in both builds.
    return [...knowing.filter((group) => this.functionMatches(group, pc)), ...best];
  }

  private bestOf(candidates: readonly CodeGroup[], pc: bigint): CodeGroup[] {
    // Comparing only the nearby bytes is usually sufficient, and it keeps frequently hit breakpoints fast.
    const nearby = this.matches(candidates, pc, NEARBY_BYTES);
    if (nearby.length === 1) return [nearby[0].group];
    const found = this.matches(candidates, pc, REACH_BYTES);
    const most = Math.max(...found.map((one) => one.matchingFraction));
    return found.filter((one) => one.matchingFraction === most).map(({ group }) => group);
  }

  private matches(candidates: readonly CodeGroup[], pc: bigint, reachBytes: number) {
    return candidates
      .map((group) => ({
        group,
        matchingFraction: matchingFraction(this.memory, group.codeAround(pc, reachBytes)!),
      }))
      .filter((one) => one.matchingFraction >= AGREEMENT_MIN);
  }

  private functionMatches(group: CodeGroup, pc: bigint): boolean {
    return group.functionCode(pc).every((code) => matchingFraction(this.memory, code) === 1);
  }
}

/**
 * The fraction of the code that matches memory. Unreadable pages are ignored, because they may not have been loaded
 * yet.
 */
function matchingFraction(guest: GuestMemory, { address, bytes }: { address: bigint; bytes: Uint8Array }): number {
  let same = 0;
  let compared = 0;
  for (let done = 0; done < bytes.length;) {
    const at = address + BigInt(done);
    const count = Math.min(bytes.length - done, 4096 - Number(at & 0xfffn));
    const memory = guest.readMemory(at, count);
    for (let i = 0; i < memory.length; i++) same += memory[i] === bytes[done + i] ? 1 : 0;
    compared += memory.length;
    done += count;
  }
  return compared === 0 ? 0 : same / compared;
}

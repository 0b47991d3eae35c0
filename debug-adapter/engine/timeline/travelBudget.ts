/**
 * The limits on the resources of cached snapshots, in addition to the machine's own memory. If a limit is exceeded,
 * cached snapshots are dropped; they can be recreated by replaying.
 */
export interface TravelBudget {
  /** The memory for pages, page lists, machine states and disk maps that only cached snapshots use, in bytes. */
  memoryBytes: number;
  /** The space in scratch files that only cached snapshots use, in bytes. */
  scratchBytes: number;
  /**
   * The number of cached snapshots. They are closer together near the user's position, so more of them would not make
   * the next move faster.
   */
  snapshots: number;
}

/** The default limits. A user can set `memoryBytes`. */
export const TRAVEL_BUDGET: TravelBudget = { memoryBytes: 256 << 20, scratchBytes: 1 << 30, snapshots: 64 };

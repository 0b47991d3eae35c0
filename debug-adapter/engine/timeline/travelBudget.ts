/**
 * What looking back may take beside the machine itself and the pictures of RAM in use: all that is dropped first when
 * one of these is exceeded is a snapshot that can be made again by replaying.
 */
export interface TravelBudget {
  /** Pages, lists of pages, machine states and maps of the disks that cached snapshots keep. */
  memoryBytes: number;
  /** What scratch files hold for cached snapshots alone. */
  scratchBytes: number;
  /** Cached snapshots. They lie the denser the nearer to where the user looks: more do not make the next look back quicker. */
  snapshots: number;
}

export const TRAVEL_BUDGET: TravelBudget = { memoryBytes: 256 << 20, scratchBytes: 1 << 30, snapshots: 64 };

import type { SnapshotPace } from '../../debug-adapter/engine/base/host.ts';

/** Paces that do not depend on time: every scheduled snapshot is taken, or none is. */
export const ALWAYS: SnapshotPace = { isDue: () => true, recordTaken: () => {} };
export const NEVER: SnapshotPace = { isDue: () => false, recordTaken: () => {} };

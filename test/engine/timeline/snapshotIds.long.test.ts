/** All cases in snapshotIds.test.ts pass; `npm test` runs only a selection of them. */
import './snapshotIds.test.ts';
